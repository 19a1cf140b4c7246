use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
};

use crate::{Algorithm, Jwk, KeyError, jwk::PublicKey, rsa::RsaNumbers};

/// A public key parsed and checked once, bound to one algorithm.
#[derive(Debug, Clone)]
pub struct VerificationKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl VerificationKey {
    /// Binds a key to `algorithm`, which must be the one of its `alg`, or where that is absent one that its type allows.
    ///
    /// # Errors
    /// When the key is for something else, too weak or invalid.
    pub fn new(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, KeyError> {
        // RFC 7517 §4.2 and §4.3: a key meant for encryption verifies nothing.
        if !jwk.may_verify() {
            return Err(KeyError::NotForVerifying);
        }
        if !jwk.algorithms().contains(&algorithm) {
            return Err(KeyError::NotFor(algorithm));
        }
        Ok(Self {
            kid: jwk.kid().map(Into::into),
            algorithm,
            key: parse(&jwk.public, algorithm)?,
        })
    }

    /// The key's name, where it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm it verifies.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the signature over the message is this key's. [`crate::KeySet::verify`] is what tokens are checked with: it
    /// looks at all the rest too.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

fn parse(public: &PublicKey, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyError> {
    let parsed = match (public, algorithm) {
        (PublicKey::Rsa(rsa), Algorithm::RS256) => {
            rsa.check()?;
            components(rsa).to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        }
        (PublicKey::Rsa(rsa), Algorithm::PS256) => {
            rsa.check()?;
            components(rsa).to_parsed_public_key(&RSA_PSS_2048_8192_SHA256)
        }
        (PublicKey::P256 { x, y }, Algorithm::ES256) => {
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, uncompressed(x, y))
        }
        (PublicKey::P384 { x, y }, Algorithm::ES384) => {
            ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, uncompressed(x, y))
        }
        (PublicKey::Ed25519 { x }, Algorithm::EdDSA) => ParsedPublicKey::new(&ED25519, x),
        _ => return Err(KeyError::NotFor(algorithm)),
    };
    parsed.map_err(|_| KeyError::Invalid)
}

fn components(rsa: &RsaNumbers) -> RsaPublicKeyComponents<&[u8]> {
    RsaPublicKeyComponents {
        n: &rsa.n,
        e: &rsa.e,
    }
}

/// SEC 1 §2.3.3.
fn uncompressed(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}
