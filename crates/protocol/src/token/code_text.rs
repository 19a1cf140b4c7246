//! The text of an authorization code, and the key under which the store has it (D9).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_seal::{Digest, Secret};
use jiff::Timestamp;

use crate::model::CodeHash;

/// When it was made, in milliseconds.
const TIME: usize = 6;
const BYTES: usize = TIME + 32;

/// An authorization code: its time, then 256 random bits.
#[derive(Clone)]
pub struct AuthorizationCode(Secret<[u8; BYTES]>);

impl AuthorizationCode {
    /// A new code.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 32]) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let [_, _, time @ ..] = millis.to_be_bytes();
        let mut bytes = [0; BYTES];
        for (to, from) in bytes.iter_mut().zip(time.into_iter().chain(random)) {
            *to = from;
        }
        Self(Secret::new(bytes))
    }

    /// The 51 characters that are handed out.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(self.0.expose()))
    }

    /// Reads the 51 characters back. `None` for anything else, other spellings of the same bytes included: one code has
    /// one text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(BYTES) => Some(Self(Secret::new(bytes))),
            _ => None,
        }
    }

    /// What the store keeps: the time, then 208 bits of the SHA-256 of the whole. Codes that were made together stand
    /// together in every index, so that a batch of redemptions writes a few pages and not a few for each.
    #[must_use]
    pub fn hash(&self) -> CodeHash {
        let mut key = *Digest::of(self.0.expose()).as_bytes();
        for (to, from) in key.iter_mut().zip(self.0.expose().iter().take(TIME)) {
            *to = *from;
        }
        CodeHash(Digest::from_bytes(key))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn code(millis: i64, random: u8) -> AuthorizationCode {
        AuthorizationCode::new(Timestamp::from_millisecond(millis).unwrap(), [random; 32])
    }

    #[test]
    fn text_round_trips() {
        let made = code(1_700_000_000_000, 7);
        let text = made.to_text();
        assert_eq!(text.expose().len(), 51);
        let again = AuthorizationCode::parse(text.expose()).unwrap();
        assert_eq!(again.hash(), made.hash());
    }

    #[test]
    fn other_spellings_are_refused() {
        let text = code(1_700_000_000_000, 0xff).to_text();
        let text = text.expose();
        let stray_bits = format!("{}9", text.get(..50).unwrap());
        for bad in [
            "",
            " ",
            &format!("{text}="),
            &format!(" {text}"),
            &format!("{text}A"),
            &text.replace('_', "/"),
            &stray_bits,
            text.get(1..).unwrap(),
        ] {
            assert!(AuthorizationCode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn keys_stand_in_the_order_of_time_and_tell_nothing_else_of_the_code() {
        let key = |millis, random| *code(millis, random).hash().0.as_bytes();
        assert!(key(1_700_000_000_000, 9) < key(1_700_000_000_001, 1));
        assert_ne!(key(5, 1), key(5, 2));
        let code = code(5, 1);
        let key = key(5, 1);
        let (time, rest) = key.split_at(TIME);
        assert_eq!(time, &code.0.expose()[..TIME]);
        assert_eq!(rest, &Digest::of(code.0.expose()).as_bytes()[TIME..]);
    }
}
