use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::shortened;

/// A signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1). Other algorithms are not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// Ed25519.
    EdDSA,
}

/// An unsupported algorithm, `none` and the HMAC algorithms among them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown or refused algorithm {0:?}")]
pub struct UnknownAlgorithm(pub String);

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::RS256,
        Self::PS256,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
    ];

    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// RFC 7515 §4.1.1: names are case-sensitive.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or_else(|| UnknownAlgorithm(shortened(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::Algorithm;

    #[test]
    fn names_round_trip_in_text_and_json() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
            let json = format!("\"{algorithm}\"");
            assert_eq!(serde_json::to_string(&algorithm).ok(), Some(json.clone()));
            assert_eq!(serde_json::from_str(&json).ok(), Some(algorithm));
        }
    }

    #[test]
    fn none_hmac_and_other_spellings_do_not_exist() {
        for name in [
            "none", "None", "", "HS256", "HS384", "HS512", "rs256", "RS512", "ES512",
        ] {
            assert!(name.parse::<Algorithm>().is_err(), "{name}");
            assert!(
                serde_json::from_value::<Algorithm>(name.into()).is_err(),
                "{name}"
            );
        }
    }
}
