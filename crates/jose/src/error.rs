use crate::Algorithm;

/// Why a key can't be used. Written for the operator; holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a JSON object of the right shape.
    #[error("not a JSON Web Key: {0}")]
    Malformed(String),
    /// A member that this key type needs is absent.
    #[error("the key has no member {0:?}")]
    Missing(&'static str),
    /// A member isn't base64url, or not of the length its curve demands.
    #[error("the key's member {0:?} is not canonical base64url of the right length")]
    Encoding(&'static str),
    /// Only RSA, EC and OKP are known.
    #[error("unknown key type {0:?}")]
    UnknownType(String),
    /// Only P-256, P-384 and Ed25519 are known.
    #[error("unknown curve {0:?}")]
    UnknownCurve(String),
    /// The member `alg` names an algorithm that doesn't exist here.
    #[error("the key is for the unknown or refused algorithm {0:?}")]
    UnknownAlgorithm(String),
    /// The member `alg` doesn't go with the key's type and curve, or isn't what the caller asked for.
    #[error("the key is not one for {0}")]
    NotFor(Algorithm),
    /// The private half was given where a public key belongs.
    #[error("the key holds private members: it must be considered leaked")]
    Private,
    /// `use` or `key_ops` keeps the key from verifying signatures.
    #[error("the key's use or key_ops does not allow to verify signatures")]
    NotForVerifying,
    /// An RSA modulus outside of 2048 to 8192 bits.
    #[error("an RSA key must have 2048 to 8192 bits, this one has {0}")]
    RsaSize(usize),
    /// An even exponent, one, or more than 32 bits.
    #[error("the RSA exponent must be odd, more than one and at most 32 bits long")]
    RsaExponent,
    /// The modulus was made by a generator whose keys can be factored (CVE-2017-15361, "ROCA").
    #[error("the RSA key comes from a broken generator (ROCA) and can be factored")]
    RsaFactorable,
    /// The cryptographic library refuses it: a point off its curve, inconsistent numbers, a damaged file.
    #[error("the key is not valid")]
    Invalid,
    /// The system could not make a key.
    #[error("no key could be generated")]
    Generation,
}

/// Why a key set can't be read as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Longer than [`crate::MAX_KEY_SET_LEN`].
    #[error("the key set is longer than {} bytes", crate::MAX_KEY_SET_LEN)]
    TooLong,
    /// More than [`crate::MAX_KEYS`].
    #[error("the key set has more than {} keys", crate::MAX_KEYS)]
    TooManyKeys,
    /// Not an object with an array `keys` of objects.
    #[error("not a JSON Web Key set: {0}")]
    Malformed(String),
    /// Somebody published a private key.
    #[error("the key set holds a private key: it must be considered leaked")]
    Private,
}

/// Signing failed inside the cryptographic library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token could not be signed")]
pub struct SignError;

/// Which check a token failed. For the log; a client learns no more than that the token is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Longer than [`crate::MAX_TOKEN_LEN`].
    #[error("the token is longer than {} bytes", crate::MAX_TOKEN_LEN)]
    TooLong,
    /// Not three parts, or a part that isn't canonical base64url.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// The header isn't a JSON object with unique members of the right types.
    #[error("the token's header is malformed: {0}")]
    Header(String),
    /// `none`, an HMAC algorithm or one that we don't know.
    #[error("the token's algorithm {0:?} is unknown or refused")]
    UnknownAlgorithm(String),
    /// `crit` or `b64`: an extension is required, and none is supported.
    #[error("the token requires an extension by {0:?}")]
    Critical(&'static str),
    /// The algorithm isn't in the caller's allow-list.
    #[error("the token's algorithm {0} is not allowed here")]
    AlgorithmNotAllowed(Algorithm),
    /// `typ` isn't one that the caller expects: a token of another kind.
    #[error("the token's typ {0:?} is not expected here")]
    UnexpectedType(Option<String>),
    /// No key has this `kid`, or without a `kid` none is for this algorithm.
    #[error("no key is known for the token's kid {0:?}")]
    UnknownKey(Option<String>),
    /// The key with this `kid` is for another algorithm.
    #[error("the token's key is not one for {0}")]
    KeyNotFor(Algorithm),
    /// Signed by another key, or changed in transit.
    #[error("the token's signature does not verify")]
    Signature,
}

/// Shortens untrusted text for an error, and so for the log.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
