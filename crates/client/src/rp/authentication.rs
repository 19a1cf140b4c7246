//! How the client proves who it is: RFC 6749 §2.3, OpenID Core §9, RFC 7523 §2.2.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cardea_jose::{Algorithm, SigningKey};
use cardea_seal::{Digest, Entropy, Secret};
use form_urlencoded::Serializer;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use serde_json::json;

use super::{
    config::{AuthMethod, AuthenticationConfig, ClientConfigError, Provider},
    error::RpError,
};

/// RFC 7521 §4.2
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// An assertion is used at once; the minute is for clocks.
const ASSERTION_LIFE_SECONDS: i64 = 60;

/// The client's proof, ready to be used.
pub(super) enum Authentication {
    None,
    Basic(Secret<String>),
    Post(Secret<String>),
    Assertion(Box<Assertion>),
}

pub(super) struct Assertion {
    key: SigningKey,
    certificate: Option<Digest>,
}

/// Whom a request goes to, and when.
pub(super) struct Addressee<'a> {
    pub(super) client_id: &'a str,
    pub(super) audience: &'a str,
    pub(super) now: Timestamp,
}

impl Authentication {
    pub(super) fn read(
        config: &AuthenticationConfig,
        provider: Provider,
    ) -> Result<Self, ClientConfigError> {
        let wrong = |what: &str| Err(ClientConfigError::new("authentication", what));
        let secret = secret(config)?;
        let method = config.method.unwrap_or(match &config.private_key_file {
            Some(_) => AuthMethod::PrivateKeyJwt,
            None if secret.is_none() => AuthMethod::None,
            None if provider == Provider::Github => AuthMethod::ClientSecretPost,
            None => AuthMethod::ClientSecretBasic,
        });
        match (method, secret, &config.private_key_file) {
            (AuthMethod::None, None, None) => Ok(Self::None),
            (AuthMethod::ClientSecretBasic, Some(secret), None) => Ok(Self::Basic(secret)),
            (AuthMethod::ClientSecretPost, Some(secret), None) => Ok(Self::Post(secret)),
            (AuthMethod::PrivateKeyJwt, None, Some(file)) => {
                Assertion::read(config, file).map(|one| Self::Assertion(Box::new(one)))
            }
            (AuthMethod::None, ..) => wrong("method none has neither secret nor key"),
            (AuthMethod::PrivateKeyJwt, ..) => {
                wrong("private_key_jwt needs private_key_file and no secret")
            }
            _ => wrong("this method needs client_secret or client_secret_file and no key"),
        }
    }

    /// Adds the proof to a form; what is returned goes into the header `Authorization`.
    pub(super) fn apply(
        &self,
        form: &mut Serializer<'_, String>,
        to: &Addressee<'_>,
        entropy: &Entropy,
    ) -> Result<Option<Secret<String>>, RpError> {
        match self {
            Self::Basic(secret) => return Ok(Some(basic(to.client_id, secret))),
            Self::None => {}
            Self::Post(secret) => {
                form.append_pair("client_secret", secret.expose());
            }
            Self::Assertion(assertion) => {
                let jwt = assertion.sign(to, entropy)?;
                form.append_pair("client_assertion_type", JWT_BEARER);
                form.append_pair("client_assertion", jwt.expose());
            }
        }
        form.append_pair("client_id", to.client_id);
        Ok(None)
    }
}

/// RFC 6749 §2.3.1: both halves are form-url-encoded before they are joined.
fn basic(client_id: &str, secret: &Secret<String>) -> Secret<String> {
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = Secret::new(format!(
        "{}:{}",
        encoded(client_id),
        encoded(secret.expose())
    ));
    Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))
}

fn secret(config: &AuthenticationConfig) -> Result<Option<Secret<String>>, ClientConfigError> {
    let wrong = |what: String| ClientConfigError::new("authentication", what);
    let text = match (&config.client_secret, &config.client_secret_file) {
        (None, None) => return Ok(None),
        (Some(text), None) => text.expose().to_owned(),
        (None, Some(file)) => fs::read_to_string(file)
            .map_err(|error| wrong(format!("client_secret_file: {file}: {error}")))?
            .trim_end()
            .to_owned(),
        (Some(_), Some(_)) => {
            return Err(wrong(
                "keep one of client_secret, client_secret_file".to_owned(),
            ));
        }
    };
    if text.is_empty() {
        return Err(wrong("the secret is empty".to_owned()));
    }
    Ok(Some(Secret::new(text)))
}

impl Assertion {
    fn read(config: &AuthenticationConfig, file: &str) -> Result<Self, ClientConfigError> {
        let wrong = |what: String| ClientConfigError::new("authentication", what);
        let pkcs8 = PrivatePkcs8KeyDer::from_pem_file(file).map_err(|_| {
            wrong(format!("private_key_file: {file}: no private key as PKCS #8 in PEM; openssl pkcs8 -topk8 -nocrypt makes one"))
        })?;
        let certificate = config
            .certificate_file
            .as_deref()
            .map(thumbprint)
            .transpose()?;
        let rsa = match certificate {
            Some(_) => Algorithm::PS256,
            None => Algorithm::RS256,
        };
        let tried = match config.algorithm {
            Some(one) => vec![one],
            None => vec![Algorithm::ES256, rsa, Algorithm::ES384, Algorithm::EdDSA],
        };
        let der = pkcs8.secret_pkcs8_der();
        let key = tried
            .into_iter()
            .find_map(|algorithm| SigningKey::from_pkcs8(algorithm, der).ok())
            .ok_or_else(|| {
                wrong(format!(
                    "private_key_file: {file}: not a key for this algorithm"
                ))
            })?;
        Ok(Self { key, certificate })
    }

    fn sign(&self, to: &Addressee<'_>, entropy: &Entropy) -> Result<Secret<String>, RpError> {
        let now = to.now.as_second();
        // RFC 7523 §3: issuer and subject are the client; the audience is one string, so that no one can pass it on.
        let claims = json!({
            "iss": to.client_id,
            "sub": to.client_id,
            "aud": to.audience,
            "jti": entropy.text(16),
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(ASSERTION_LIFE_SECONDS),
        })
        .to_string();
        let signed = match &self.certificate {
            Some(thumbprint) => self
                .key
                .sign_as_certificate(thumbprint, "JWT", claims.as_bytes()),
            None => self.key.sign("JWT", claims.as_bytes()),
        };
        signed.map(Secret::new).map_err(|_| RpError::Assertion)
    }
}

/// RFC 7515 §4.1.8: the SHA-256 of the certificate's DER.
fn thumbprint(file: &str) -> Result<Digest, ClientConfigError> {
    let certificate = CertificateDer::from_pem_file(file).map_err(|_| {
        let what = format!("certificate_file: {file}: no certificate in PEM");
        ClientConfigError::new("authentication", what)
    })?;
    Ok(Digest::of(&certificate))
}

#[cfg(test)]
#[path = "authentication_tests.rs"]
mod tests;
