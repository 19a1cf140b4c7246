use cardea_seal::Digest;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{Algorithm, KeyError, base64url, error::shortened, rsa::RsaNumbers};

/// A public JSON Web Key (RFC 7517) of a kind that verifies our algorithms.
///
/// Unknown members are ignored. A key with private members is refused: a private key where a public one belongs is a leak
/// that must be noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawJwk", into = "RawJwk")]
pub struct Jwk {
    pub(crate) public: PublicKey,
    algorithm: Option<Algorithm>,
    key_use: Option<String>,
    key_ops: Option<Vec<String>>,
    kid: Option<String>,
}

/// The key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Rsa(RsaNumbers),
    P256 { x: Vec<u8>, y: Vec<u8> },
    P384 { x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

/// The members of a private key: RFC 7518 §6.2.2, §6.3.2.
pub(crate) const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// The members that are used, as in JSON.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct RawJwk {
    kty: String,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    key_use: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ops: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    // Private members (RFC 7518 §6.2.2, §6.3.2): only their presence is noted.
    #[serde(skip_serializing)]
    d: Option<IgnoredAny>,
    #[serde(skip_serializing)]
    p: Option<IgnoredAny>,
    #[serde(skip_serializing)]
    q: Option<IgnoredAny>,
    #[serde(skip_serializing)]
    dp: Option<IgnoredAny>,
    #[serde(skip_serializing)]
    dq: Option<IgnoredAny>,
    #[serde(skip_serializing)]
    qi: Option<IgnoredAny>,
    #[serde(skip_serializing)]
    oth: Option<IgnoredAny>,
}

impl Jwk {
    /// A key of ours, as it is published.
    pub(crate) fn for_signing(public: PublicKey, algorithm: Algorithm) -> Self {
        let mut jwk = Self {
            public,
            algorithm: Some(algorithm),
            key_use: Some("sig".into()),
            key_ops: None,
            kid: None,
        };
        jwk.kid = Some(jwk.thumbprint());
        jwk
    }

    /// Reads one key from JSON.
    ///
    /// # Errors
    /// When it is malformed or not supported.
    pub fn parse(json: &[u8]) -> Result<Self, KeyError> {
        let raw: RawJwk = serde_json::from_slice(json)
            .map_err(|error| KeyError::Malformed(shortened(&error.to_string())))?;
        raw.try_into()
    }

    /// The member `kid`: the key identifier.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithms the key may be used with: the one in its `alg`, or all that its type allows.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        match &self.algorithm {
            Some(algorithm) => std::slice::from_ref(algorithm),
            None => self.public.algorithms(),
        }
    }

    /// The thumbprint of RFC 7638 with SHA-256, in base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // RFC 7638 §3.2, §3.3: the required members in the order of their names, without white space.
        let text = base64url::encode;
        let json = match &self.public {
            PublicKey::Rsa(rsa) => {
                format!(
                    r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                    text(&rsa.e),
                    text(&rsa.n)
                )
            }
            PublicKey::P256 { x, y } => {
                format!(
                    r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                    text(x),
                    text(y)
                )
            }
            PublicKey::P384 { x, y } => {
                format!(
                    r#"{{"crv":"P-384","kty":"EC","x":"{}","y":"{}"}}"#,
                    text(x),
                    text(y)
                )
            }
            // RFC 8037 §2: for an octet key pair these are crv, kty and x.
            PublicKey::Ed25519 { x } => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x))
            }
        };
        Digest::of(json.as_bytes()).to_text()
    }

    /// Whether `use` and `key_ops` let the key verify signatures (RFC 7517 §4.2, §4.3).
    pub(crate) fn may_verify(&self) -> bool {
        let use_allows = self
            .key_use
            .as_deref()
            .is_none_or(|key_use| key_use == "sig");
        let ops_allow = self
            .key_ops
            .as_ref()
            .is_none_or(|operations| operations.iter().any(|one| one == "verify"));
        use_allows && ops_allow
    }
}

impl PublicKey {
    pub(crate) fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Rsa(_) => &[Algorithm::RS256, Algorithm::PS256],
            Self::P256 { .. } => &[Algorithm::ES256],
            Self::P384 { .. } => &[Algorithm::ES384],
            Self::Ed25519 { .. } => &[Algorithm::EdDSA],
        }
    }
}

impl TryFrom<RawJwk> for Jwk {
    type Error = KeyError;

    fn try_from(raw: RawJwk) -> Result<Self, KeyError> {
        if raw.is_private() {
            return Err(KeyError::Private);
        }
        let public = raw.public_key()?;
        let algorithm = match &raw.alg {
            Some(name) => Some(
                name.parse::<Algorithm>()
                    .map_err(|crate::UnknownAlgorithm(name)| KeyError::UnknownAlgorithm(name))?,
            ),
            None => None,
        };
        if let Some(algorithm) = algorithm
            && !public.algorithms().contains(&algorithm)
        {
            return Err(KeyError::NotFor(algorithm));
        }
        Ok(Self {
            public,
            algorithm,
            key_use: raw.key_use,
            key_ops: raw.key_ops,
            kid: raw.kid,
        })
    }
}

impl RawJwk {
    fn is_private(&self) -> bool {
        [
            &self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi, &self.oth,
        ]
        .into_iter()
        .any(Option::is_some)
    }

    fn public_key(&self) -> Result<PublicKey, KeyError> {
        match self.kty.as_str() {
            "RSA" => {
                let rsa = RsaNumbers::from_text(self.n.as_deref(), self.e.as_deref())?;
                Ok(PublicKey::Rsa(rsa))
            }
            "EC" => match self.curve()? {
                "P-256" => Ok(PublicKey::P256 {
                    x: coordinate("x", self.x.as_deref(), 32)?,
                    y: coordinate("y", self.y.as_deref(), 32)?,
                }),
                "P-384" => Ok(PublicKey::P384 {
                    x: coordinate("x", self.x.as_deref(), 48)?,
                    y: coordinate("y", self.y.as_deref(), 48)?,
                }),
                other => Err(KeyError::UnknownCurve(shortened(other))),
            },
            "OKP" => match self.curve()? {
                "Ed25519" => Ok(PublicKey::Ed25519 {
                    x: coordinate("x", self.x.as_deref(), 32)?,
                }),
                other => Err(KeyError::UnknownCurve(shortened(other))),
            },
            other => Err(KeyError::UnknownType(shortened(other))),
        }
    }

    fn curve(&self) -> Result<&str, KeyError> {
        self.crv.as_deref().ok_or(KeyError::Missing("crv"))
    }
}

impl From<Jwk> for RawJwk {
    fn from(jwk: Jwk) -> Self {
        let text = |bytes: &[u8]| Some(base64url::encode(bytes));
        let mut raw = Self {
            key_use: jwk.key_use,
            key_ops: jwk.key_ops,
            alg: jwk.algorithm.map(|algorithm| algorithm.to_string()),
            kid: jwk.kid,
            ..Self::default()
        };
        let (kty, crv) = match jwk.public {
            PublicKey::Rsa(rsa) => {
                (raw.n, raw.e) = (text(&rsa.n), text(&rsa.e));
                ("RSA", None)
            }
            PublicKey::P256 { x, y } => {
                (raw.x, raw.y) = (text(&x), text(&y));
                ("EC", Some("P-256"))
            }
            PublicKey::P384 { x, y } => {
                (raw.x, raw.y) = (text(&x), text(&y));
                ("EC", Some("P-384"))
            }
            PublicKey::Ed25519 { x } => {
                raw.x = text(&x);
                ("OKP", Some("Ed25519"))
            }
        };
        raw.kty = kty.into();
        raw.crv = crv.map(Into::into);
        raw
    }
}

/// RFC 7518 §6.2.1.2: a coordinate has the full length of its curve, leading zeros included.
fn coordinate(name: &'static str, text: Option<&str>, len: usize) -> Result<Vec<u8>, KeyError> {
    let text = text.ok_or(KeyError::Missing(name))?;
    base64url::decode(text)
        .filter(|bytes| bytes.len() == len)
        .ok_or(KeyError::Encoding(name))
}

#[cfg(test)]
mod tests;
