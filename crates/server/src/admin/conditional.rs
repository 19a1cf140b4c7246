//! Changes that are computed from what is stored, and written only if that is still the same (D4).

use super::refusal::Answer;

/// Of several parallel changes of a row one is written each time, so each of so many gets its turn.
const MAX: u32 = 32;

/// How often a request read and changed a row.
#[derive(Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Whether the change is to be read and made again because another one came first. The last such refusal is the answer.
    pub(super) fn again<T>(&mut self, outcome: &Answer<T>) -> bool {
        self.0 += 1;
        let late = outcome
            .as_ref()
            .is_err_and(|refusal| refusal.is_changed_meanwhile());
        late && self.0 < MAX
    }
}
