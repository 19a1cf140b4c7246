//! Identifiers, one type each, so that they can't be confused.

use std::fmt;

use cardea_seal::Digest;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not a well-formed identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: {reason}")]
pub struct IdError {
    pub(super) kind: &'static str,
    pub(super) reason: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses; fails if the text is empty, too long or has a character that is not allowed.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let fail = |reason| Err(IdError { kind: $kind, reason });
                if text.is_empty() {
                    return fail("it is empty");
                }
                if text.len() > $max {
                    return fail(concat!("it is longer than ", $max, " bytes"));
                }
                if !text.chars().all($allowed) {
                    return fail("it has a character that is not allowed");
                }
                Ok(Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

text_id!(
    /// A client's identifier: VSCHAR, the space included (RFC 6749 appendix A.1).
    ClientId, "client id", 128, |c: char| matches!(c, ' '..='~')
);
text_id!(
    /// A subject identifier: random, permanent, never reissued. OpenID Core §2: at most 255 ASCII characters.
    Subject, "subject", 255, |c: char| c.is_ascii_graphic()
);
text_id!(
    /// The public name of a session, as the `sid` claim has it; never its cookie.
    Sid, "sid", 64, |c: char| c.is_ascii_graphic()
);
text_id!(
    /// The name with which a user logs in. It is compared as [`Username::key`].
    Username, "username", 128, |c: char| !c.is_control()
);
text_id!(
    /// The audience of an API, as in `resource` (RFC 8707) and `aud`.
    Audience, "audience", 255, |c: char| c.is_ascii_graphic()
);
text_id!(
    /// An organization's identifier, the `org_id` claim.
    OrganizationId, "organization id", 64, |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.')
);
text_id!(
    /// The name of an invitation in lists; not its token.
    InvitationId, "invitation id", 64, |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
);
text_id!(
    /// A passkey's identifier, chosen by the authenticator, in base64url. WebAuthn §5.8.1: at most 1023 bytes.
    PasskeyId, "passkey id", 1364, |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
);
text_id!(
    /// An access token's own identifier, the `jti` claim.
    Jti, "jti", 128, |c: char| c.is_ascii_graphic()
);

/// A session's key in the store: the SHA-256 of its cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub Digest);

/// A code's key in the store: its time and a hash ([`AuthorizationCode::hash`](crate::token::AuthorizationCode::hash)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeHash(pub Digest);

/// A grant's key in the store, and what its access tokens name. It is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(Uuid);

impl GrantId {
    /// The id of the grant that a code becomes: a UUID of version 7 from the code's time and a hash of the code's key. A code
    /// that was used is found again by it, and of two redemptions one can make the row.
    #[must_use]
    pub fn of_code(code: CodeHash) -> Self {
        let [t0, t1, t2, t3, t4, t5, ..] = *code.0.as_bytes();
        let millis = u64::from_be_bytes([0, 0, t0, t1, t2, t3, t4, t5]);
        let hash = Digest::of(&[b"cardea grant of code".as_slice(), code.0.as_bytes()].concat());
        let mut random = [0; 10];
        for (to, from) in random.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// From the sixteen bytes of a row.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes for a row.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Parses the hyphenated text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let fail = IdError {
            kind: "grant id",
            reason: "it is not a UUID",
        };
        Uuid::try_parse(text).map(Self).map_err(|_| fail)
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies the grant of a refresh token (D11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefreshTokenId(pub [u8; 16]);

impl RefreshTokenId {
    /// The id in the refresh tokens of a grant. It need not be hard to guess: the token has a MAC.
    #[must_use]
    pub fn of_grant(grant: GrantId) -> Self {
        Self(*grant.as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_bounded_and_hold_no_control_characters() {
        assert!(ClientId::parse("spa").is_ok());
        assert!(ClientId::parse("").is_err());
        assert!(ClientId::parse(&"x".repeat(129)).is_err());
        assert!(ClientId::parse("a\n").is_err());
        assert!(Username::parse("Ålice Østergård").is_ok());
        assert!(Username::parse("a\0").is_err());
    }

    #[test]
    fn b7_a_client_id_holds_every_visible_ascii_character_and_the_space() {
        let all: String = (' '..='~').collect();
        assert_eq!(ClientId::parse(&all).unwrap().as_str(), all);
        for good in ["my app", " a", "a ", " ", "a  b", "https://rp.example/x y"] {
            assert!(ClientId::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "a\tb", "a\u{7f}", "é", "a\u{a0}b", "a\0"] {
            assert!(ClientId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_grant_id_survives_text_and_bytes() {
        let id = GrantId::of_code(CodeHash(Digest::of(b"code")));
        assert_eq!(GrantId::parse(&id.to_string()), Ok(id));
        assert_eq!(GrantId::from_bytes(*id.as_bytes()), id);
    }

    #[test]
    fn a_grant_id_is_the_codes_and_tells_only_its_time() {
        let key = |time: u8, rest: u8| {
            let mut key = [rest; 32];
            key[..6].copy_from_slice(&[0, 0, 0, 0, 1, time]);
            CodeHash(Digest::from_bytes(key))
        };
        let id = |time, rest| GrantId::of_code(key(time, rest));
        assert_eq!(id(5, 1), id(5, 1));
        assert_ne!(id(5, 1), id(5, 2));
        assert!(id(5, 9) < id(6, 1), "in the order of time");
        let (bytes, code) = (*id(5, 7).as_bytes(), key(5, 7));
        assert_eq!(&bytes[..6], &code.0.as_bytes()[..6]);
        assert!(
            bytes[6..].iter().filter(|byte| **byte == 7).count() < 5,
            "nothing else of the key"
        );
        // Stored rows are found by it, so it may never change.
        assert_eq!(id(5, 1).to_string(), "00000000-0105-73b0-96e4-abff28364fbf");
    }
}
