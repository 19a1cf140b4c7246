//! The text of an authorization code, and the key under which the store has it (D9).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_seal::{Digest, RandomToken, Secret};
use jiff::Timestamp;

use crate::model::CodeHash;

/// When it was made, in milliseconds.
type Time = [u8; 6];
/// Six bytes are exactly eight characters.
const TIME_CHARS: usize = 8;

/// An authorization code: its time, then 256 random bits.
#[derive(Clone)]
pub struct AuthorizationCode {
    time: Time,
    random: RandomToken,
}

impl AuthorizationCode {
    /// A new code.
    #[must_use]
    pub fn new(now: Timestamp, random: RandomToken) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let [_, _, time @ ..] = millis.to_be_bytes();
        Self { time, random }
    }

    /// The wire form, 51 characters.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        let time = URL_SAFE_NO_PAD.encode(self.time);
        Secret::new(time + self.random.to_text().expose())
    }

    /// Reads the 51 characters back. `None` for anything else, other spellings of the same bytes included: one code has
    /// one text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (time_text, random) = text.split_at_checked(TIME_CHARS)?;
        let mut time = Time::default();
        URL_SAFE_NO_PAD.decode_slice(time_text, &mut time).ok()?;
        let random = RandomToken::parse(random)?;
        Some(Self { time, random })
    }

    /// What the store keeps: the time, then 208 bits of the SHA-256 of the random bits. Codes of the same time are neighbours
    /// in every index, so a batch of redemptions writes few pages.
    #[must_use]
    pub fn hash(&self) -> CodeHash {
        let mut key = *self.random.hash().as_bytes();
        for (to, from) in key.iter_mut().zip(self.time) {
            *to = from;
        }
        CodeHash(Digest::from_bytes(key))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn code(millis: i64, random: u8) -> AuthorizationCode {
        let now = Timestamp::from_millisecond(millis).unwrap();
        AuthorizationCode::new(now, RandomToken::from_bytes([random; 32]))
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
        for bad in [
            "",
            "AAAAAAA\u{20ac}",
            &format!("{text}="),
            &format!(" {text}"),
            &format!("{text}A"),
            &format!("={}", &text[1..]),
            &text.replace('_', "/"),
            text.get(1..).unwrap(),
            text.get(TIME_CHARS..).unwrap(),
        ] {
            assert!(AuthorizationCode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn keys_stand_in_the_order_of_time_and_tell_nothing_else_of_the_code() {
        let key = |millis, random| *code(millis, random).hash().0.as_bytes();
        assert!(key(1_700_000_000_000, 9) < key(1_700_000_000_001, 1));
        assert_ne!(key(5, 1), key(5, 2));
        let key = key(5, 1);
        let (time, rest) = key.split_at(6);
        assert_eq!(time, [0, 0, 0, 0, 0, 5]);
        assert_eq!(rest, &Digest::of(&[1; 32]).as_bytes()[6..]);
    }
}
