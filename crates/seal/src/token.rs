use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{Digest, Secret};

/// A bearer value of 256 random bits: a code, a session cookie, a machine's secret. Stored only as its [`Digest`].
#[derive(Clone)]
pub struct RandomToken(Secret<[u8; 32]>);

impl RandomToken {
    /// Wraps 32 random bytes; [`crate::Entropy::token`] draws them.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// The wire form, 43 characters.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(self.0.expose()))
    }

    /// Reads the 43 characters back. `None` for anything else, other spellings of the same bytes included: one token has
    /// one text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Secret::new([0; 32]);
        match URL_SAFE_NO_PAD.decode_slice(text, bytes.expose_mut()) {
            Ok(32) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// What the store keeps. A plain hash is enough: 256 random bits can't be guessed.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest::of(self.0.expose())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::RandomToken;
    use crate::Digest;

    #[test]
    fn text_round_trips() {
        let token = RandomToken::from_bytes([7; 32]);
        let text = token.to_text();
        assert_eq!(text.expose().len(), 43);
        let again = RandomToken::parse(text.expose()).unwrap();
        assert_eq!(again.hash(), token.hash());
        assert_eq!(token.hash(), Digest::of(&[7; 32]));
    }

    #[test]
    fn other_spellings_are_refused() {
        let text = RandomToken::from_bytes([0xff; 32]).to_text();
        let text = text.expose();
        let stray_bits = format!("{}9", text.get(..42).unwrap());
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
            assert!(RandomToken::parse(bad).is_none(), "{bad}");
        }
    }
}
