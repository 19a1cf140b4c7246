//! Proof Key for Code Exchange, RFC 7636. Only S256; `plain` is not supported.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_seal::{Digest, constant_time_eq};
use serde::{Deserialize, Serialize};

/// A `code_challenge` made with S256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeChallenge(String);

/// A `code_challenge` that is not the base64url of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code_challenge is not 43 characters of base64url")]
pub struct ChallengeError;

impl CodeChallenge {
    /// Parses the 43 characters that S256 always gives.
    pub fn parse(text: &str) -> Result<Self, ChallengeError> {
        // RFC 7636 §4.2: BASE64URL-ENCODE(SHA256(ASCII(code_verifier))) is 43 characters without padding.
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(ChallengeError),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CodeChallenge {
    type Error = ChallengeError;
    fn try_from(text: String) -> Result<Self, ChallengeError> {
        Self::parse(&text)
    }
}

impl From<CodeChallenge> for String {
    fn from(challenge: CodeChallenge) -> String {
        challenge.0
    }
}

/// A presented `code_verifier`. It is a secret until it is presented, so it has no Debug.
pub struct CodeVerifier(String);

/// A `code_verifier` outside of the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code_verifier is not 43 to 128 unreserved characters")]
pub struct VerifierError;

impl CodeVerifier {
    /// Parses by the grammar of RFC 7636 §4.1.
    pub fn parse(text: &str) -> Result<Self, VerifierError> {
        let unreserved =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        // RFC 7636 §4.1: 43*128unreserved
        if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
            Ok(Self(text.to_owned()))
        } else {
            Err(VerifierError)
        }
    }

    /// The challenge that belongs to this verifier.
    #[must_use]
    pub fn challenge(&self) -> CodeChallenge {
        let digest = Digest::of(self.0.as_bytes());
        CodeChallenge(URL_SAFE_NO_PAD.encode(digest.as_bytes()))
    }

    /// RFC 7636 §4.6: the verifier, hashed, must equal the challenge of the request.
    #[must_use]
    pub fn proves(&self, challenge: &CodeChallenge) -> bool {
        constant_time_eq(self.challenge().0.as_bytes(), challenge.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_holds() {
        let verifier = CodeVerifier::parse(VERIFIER).unwrap();
        assert!(verifier.proves(&CodeChallenge::parse(CHALLENGE).unwrap()));
    }

    #[test]
    fn another_verifier_does_not_prove_the_challenge() {
        let verifier = CodeVerifier::parse(&"a".repeat(43)).unwrap();
        assert!(!verifier.proves(&CodeChallenge::parse(CHALLENGE).unwrap()));
    }

    #[test]
    fn the_bounds_of_the_grammar_are_kept() {
        assert!(CodeVerifier::parse(&"a".repeat(42)).is_err());
        assert!(CodeVerifier::parse(&"a".repeat(128)).is_ok());
        assert!(CodeVerifier::parse(&"a".repeat(129)).is_err());
        assert!(CodeVerifier::parse(&format!("{}+", "a".repeat(43))).is_err());
        assert!(CodeChallenge::parse(VERIFIER).is_ok());
        assert!(CodeChallenge::parse(&format!("{CHALLENGE}=")).is_err());
        assert!(CodeChallenge::parse("plain").is_err());
    }

    #[test]
    fn a_challenge_travels_as_its_text_and_is_judged_again() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        let json = serde_json::to_string(&challenge).unwrap();
        assert_eq!(json, format!("\"{}\"", challenge.as_str()));
        assert_eq!(
            serde_json::from_str::<CodeChallenge>(&json).unwrap(),
            challenge
        );
        assert!(serde_json::from_str::<CodeChallenge>("\"plain\"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn only_the_verifier_itself_proves_its_challenge(a in "[a-zA-Z0-9._~-]{43,128}", b in "[a-zA-Z0-9._~-]{43,128}") {
            let challenge = CodeVerifier::parse(&a).ok().unwrap().challenge();
            proptest::prop_assert_eq!(CodeChallenge::parse(challenge.as_str()), Ok(challenge.clone()));
            proptest::prop_assert_eq!(CodeVerifier::parse(&b).ok().unwrap().proves(&challenge), a == b);
        }

        #[test]
        fn parsing_never_panics(text in "\\PC*") {
            let _ = (CodeChallenge::parse(&text), CodeVerifier::parse(&text));
        }
    }
}
