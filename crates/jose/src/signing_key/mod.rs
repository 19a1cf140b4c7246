use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    error::Unspecified,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaKeyPair, RsaSignatureEncoding,
    },
};
use cardea_seal::{Digest, Secret};

use crate::{Algorithm, Jwk, KeyError, SignError, base64url, jwk::PublicKey, rsa::RsaNumbers};

/// The kinds of token that the provider signs often: their headers are encoded once.
const USUAL_TYPES: [&str; 4] = ["at+jwt", "JWT", "logout+jwt", "token-introspection+jwt"];
/// The signature of the longest RSA key, 8192 bits.
const MAX_RSA_SIGNATURE: usize = 1024;

/// A private key, parsed once, bound to one algorithm. Its `kid` is its thumbprint.
pub struct SigningKey {
    algorithm: Algorithm,
    key: PrivateKey,
    jwk: Jwk,
    kid: String,
    pkcs8: Secret<Vec<u8>>,
    /// `(typ, encoded header with its dot)` for each of [`USUAL_TYPES`].
    headers: Vec<(&'static str, String)>,
}

enum PrivateKey {
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Makes a new key from the system's randomness; RSA keys have 2048 bits.
    ///
    /// # Errors
    /// When the system fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let pkcs8 = generate_pkcs8(algorithm).map_err(|Unspecified| KeyError::Generation)?;
        Self::from_pkcs8(algorithm, pkcs8.expose())
    }

    /// Reads a private key in PKCS #8 DER.
    ///
    /// # Errors
    /// When it is damaged, of another kind than `algorithm` needs, or an RSA key that [`crate::VerificationKey`] would refuse.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let (key, public) = match algorithm {
            Algorithm::RS256 => rsa(pkcs8, &RSA_PKCS1_SHA256)?,
            Algorithm::PS256 => rsa(pkcs8, &RSA_PSS_SHA256)?,
            Algorithm::ES256 => {
                let (key, x, y) = ecdsa(pkcs8, &ECDSA_P256_SHA256_FIXED_SIGNING)?;
                (key, PublicKey::P256 { x, y })
            }
            Algorithm::ES384 => {
                let (key, x, y) = ecdsa(pkcs8, &ECDSA_P384_SHA384_FIXED_SIGNING)?;
                (key, PublicKey::P384 { x, y })
            }
            Algorithm::EdDSA => {
                let key = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Invalid)?;
                let x = key.public_key().as_ref().to_vec();
                (PrivateKey::Ed25519(key), PublicKey::Ed25519 { x })
            }
        };
        let jwk = Jwk::for_signing(public, algorithm);
        let kid = jwk.thumbprint();
        let headers = USUAL_TYPES
            .into_iter()
            .map(|typ| (typ, encoded_header(algorithm, &kid, typ)))
            .collect();
        Ok(Self {
            algorithm,
            key,
            jwk,
            kid,
            pkcs8: Secret::new(pkcs8.to_vec()),
            headers,
        })
    }

    /// The private key in PKCS #8 DER, to be sealed and stored.
    #[must_use]
    pub fn to_pkcs8(&self) -> Secret<Vec<u8>> {
        self.pkcs8.clone()
    }

    /// The thumbprint by which the key is published.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half with `alg`, `use` and `kid`.
    #[must_use]
    pub fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs `payload` into a compact token whose header is `alg`, `kid` and `typ`.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn sign(&self, typ: &str, payload: &[u8]) -> Result<String, SignError> {
        let made_now;
        let header = match self.headers.iter().find(|(usual, _)| *usual == typ) {
            Some((_, header)) => header,
            None => {
                made_now = encoded_header(self.algorithm, &self.kid, typ);
                &made_now
            }
        };
        self.signed(header, payload)
    }

    /// Signs `payload` into a compact token whose header names the key's certificate, by the SHA-256 of its DER, and no
    /// `kid`: for servers that identify a client by its certificate (RFC 7515 §4.1.8).
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn sign_as_certificate(
        &self,
        certificate: &Digest,
        typ: &str,
        payload: &[u8],
    ) -> Result<String, SignError> {
        let (algorithm, thumbprint) = (self.algorithm, certificate.to_text());
        let typ = serde_json::Value::from(typ);
        let json = format!(r#"{{"alg":"{algorithm}","x5t#S256":"{thumbprint}","typ":{typ}}}"#);
        let mut header = base64url::encode(json.as_bytes());
        header.push('.');
        self.signed(&header, payload)
    }

    /// `header` is encoded, and ends with its dot.
    fn signed(&self, header: &str, payload: &[u8]) -> Result<String, SignError> {
        let capacity = header.len()
            + base64url::encoded_len(payload.len())
            + 1
            + base64url::encoded_len(self.key.max_signature_len());
        let mut token = String::with_capacity(capacity);
        token.push_str(header);
        base64url::encode_into(payload, &mut token);
        self.key.append_signature(&mut token)?;
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    fn max_signature_len(&self) -> usize {
        match self {
            Self::Rsa(key, _) => key.public_modulus_len(),
            Self::Ecdsa(_) => 96,
            Self::Ed25519(_) => 64,
        }
    }

    /// Signs the token so far and appends a dot and the signature.
    fn append_signature(&self, token: &mut String) -> Result<(), SignError> {
        let message = token.as_bytes();
        match self {
            Self::Rsa(key, encoding) => {
                let mut buffer = [0; MAX_RSA_SIGNATURE];
                let signature = buffer
                    .get_mut(..key.public_modulus_len())
                    .ok_or(SignError)?;
                key.sign(*encoding, &SystemRandom::new(), message, signature)
                    .map_err(|Unspecified| SignError)?;
                push_part(signature, token);
            }
            Self::Ecdsa(key) => {
                let signature = key
                    .sign(&SystemRandom::new(), message)
                    .map_err(|Unspecified| SignError)?;
                push_part(signature.as_ref(), token);
            }
            Self::Ed25519(key) => {
                let signature = key.try_sign(message).map_err(|Unspecified| SignError)?;
                push_part(signature.as_ref(), token);
            }
        }
        Ok(())
    }
}

fn push_part(bytes: &[u8], token: &mut String) {
    token.push('.');
    base64url::encode_into(bytes, token);
}

fn encoded_header(algorithm: Algorithm, kid: &str, typ: &str) -> String {
    // `Value` writes `typ` as a JSON string, whatever is in it; the others hold only letters, digits, `-` and `_`.
    let typ = serde_json::Value::from(typ);
    let json = format!(r#"{{"alg":"{algorithm}","kid":"{kid}","typ":{typ}}}"#);
    let mut header = base64url::encode(json.as_bytes());
    header.push('.');
    header
}

fn generate_pkcs8(algorithm: Algorithm) -> Result<Secret<Vec<u8>>, Unspecified> {
    let document = match algorithm {
        Algorithm::RS256 | Algorithm::PS256 => {
            let key = RsaKeyPair::generate(KeySize::Rsa2048)?;
            let der: Pkcs8V1Der<'_> = key.as_der()?;
            return Ok(Secret::new(der.as_ref().to_vec()));
        }
        Algorithm::ES256 => {
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?.to_pkcs8v1()?
        }
        Algorithm::ES384 => {
            EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)?.to_pkcs8v1()?
        }
        Algorithm::EdDSA => Ed25519KeyPair::generate()?.to_pkcs8v1()?,
    };
    Ok(Secret::new(document.as_ref().to_vec()))
}

fn rsa(
    pkcs8: &[u8],
    encoding: &'static RsaSignatureEncoding,
) -> Result<(PrivateKey, PublicKey), KeyError> {
    let key = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Invalid)?;
    let numbers = {
        let public = key.public_key();
        RsaNumbers::from_big_endian(
            public.modulus().big_endian_without_leading_zero(),
            public.exponent().big_endian_without_leading_zero(),
        )
    };
    numbers.check()?;
    Ok((PrivateKey::Rsa(key, encoding), PublicKey::Rsa(numbers)))
}

/// The key and the two coordinates of its point.
fn ecdsa(
    pkcs8: &[u8],
    algorithm: &'static EcdsaSigningAlgorithm,
) -> Result<(PrivateKey, Vec<u8>, Vec<u8>), KeyError> {
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).map_err(|_| KeyError::Invalid)?;
    // SEC 1 §2.3.3: an uncompressed point is 4, x, y.
    let Some((4, coordinates)) = key.public_key().as_ref().split_first() else {
        return Err(KeyError::Invalid);
    };
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    let (x, y) = (x.to_vec(), y.to_vec());
    Ok((PrivateKey::Ecdsa(key), x, y))
}

#[cfg(test)]
mod tests;
