//! Backup codes: one of them stands in for the authenticator app once.

use std::fmt;

use cardea_seal::{Digest, MacKey, Secret};

use crate::model::Subject;

/// How many a user gets.
pub const BACKUP_CODES: usize = 10;
/// When so many are left, the user is reminded to make new ones.
pub const FEW_LEFT: u32 = 3;

/// Letters and digits without those that look alike: no 0, 1, I, L and O.
const ALPHABET: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// 12 of 31 characters are 59 bits.
const LEN: usize = 12;
/// What a user may type, with spaces and hyphens.
const MAX_INPUT: usize = 32;

/// A backup code: 12 characters, shown in groups of four.
pub struct BackupCode(Secret<String>);

impl BackupCode {
    /// From random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let mut number = u128::from_be_bytes(bytes);
        let mut text = String::with_capacity(LEN);
        for _ in 0..LEN {
            let index = usize::try_from(number % 31).unwrap_or_default();
            text.extend(ALPHABET.get(index).map(|c| char::from(*c)));
            number /= 31;
        }
        Self(Secret::new(text))
    }

    /// Reads what a user typed: in any case, with or without hyphens and spaces.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > MAX_INPUT {
            return None;
        }
        let text: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let known = text.bytes().all(|b| ALPHABET.contains(&b));
        (known && text.len() == LEN).then(|| Self(Secret::new(text)))
    }

    /// What is stored of it. With a key, because 59 bits could be searched.
    #[must_use]
    pub fn tag(&self, key: &MacKey, subject: &Subject) -> Digest {
        key.tag(&[subject.as_str().as_bytes(), self.0.expose().as_bytes()])
    }

    /// The code to show, once.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        let chars: Vec<char> = self.0.expose().chars().collect();
        let groups: Vec<String> = chars.chunks(4).map(|g| g.iter().collect()).collect();
        Secret::new(groups.join("-"))
    }
}

impl fmt::Debug for BackupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupCode")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::subject;

    fn tag(code: &BackupCode, who: &str) -> Digest {
        code.tag(&MacKey::from_bytes(&[1; 32]), &subject(who))
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = BackupCode::from_bytes([7; 16]);
        let text = code.to_text();
        let text = text.expose();
        assert_eq!(text.len(), 14);
        let spaced = text.replace('-', " ");
        for typed in [
            text.clone(),
            text.to_lowercase(),
            spaced,
            text.replace('-', ""),
            format!(" {text}\n"),
        ] {
            let read = BackupCode::parse(&typed).unwrap();
            assert_eq!(tag(&read, "alice"), tag(&code, "alice"), "{typed}");
        }
        for bad in [
            "",
            "123456",
            &text[..13],
            &format!("{text}A"),
            &text.replacen(|c: char| c.is_ascii_alphanumeric(), "0", 1),
            &" ".repeat(33),
        ] {
            assert!(BackupCode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_code_is_the_code_of_one_user() {
        let code = BackupCode::from_bytes([7; 16]);
        assert_ne!(tag(&code, "alice"), tag(&code, "bob"));
    }

    #[test]
    fn characters_that_look_alike_are_not_used() {
        assert!(!ALPHABET.iter().any(|c| b"01ILO".contains(c)));
        assert_eq!(
            format!("{:?}", BackupCode::from_bytes([1; 16])),
            "BackupCode"
        );
    }

    proptest::proptest! {
        #[test]
        fn a_code_survives_being_shown(bytes: [u8; 16]) {
            let code = BackupCode::from_bytes(bytes);
            let read = BackupCode::parse(code.to_text().expose()).unwrap();
            proptest::prop_assert_eq!(tag(&read, "alice"), tag(&code, "alice"));
        }

        #[test]
        fn whatever_is_typed_does_no_harm(typed in "\\PC*") {
            let _ = BackupCode::parse(&typed);
        }
    }
}
