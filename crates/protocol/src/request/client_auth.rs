//! The credentials that a client presents (RFC 6749 §2.3, RFC 7521 §4.2, D15).

use base64::{Engine, engine::general_purpose::STANDARD};
use cardea_seal::Secret;

use super::Params;
use crate::{error::OAuthError, model::AuthMethod};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const MAX_HEADER_BYTES: usize = 2048;
const MAX_ASSERTION_BYTES: usize = 8192;

/// A presented assertion, unverified.
pub struct Assertion {
    /// The JWT.
    pub jwt: String,
    /// The `client_id` beside it, if any.
    pub client_id: Option<String>,
}

/// The presented credentials: one method, unverified.
pub enum PresentedCredentials {
    /// A client identifier without credentials.
    None {
        /// `client_id`
        client_id: String,
    },
    /// `client_secret_basic` or `client_secret_post`.
    Secret {
        /// Which of the two.
        method: AuthMethod,
        /// The client identifier.
        client_id: String,
        /// The secret.
        secret: Secret<String>,
        /// The characters in Basic, where decoding has changed them: some clients send them raw.
        undecoded: Option<Secret<String>>,
    },
    /// `private_key_jwt`
    Assertion(Assertion),
}

impl PresentedCredentials {
    /// Reads the `Authorization` header and the body; two methods or two client ids are refused.
    pub fn parse(authorization: Option<&str>, params: &Params<'_>) -> Result<Self, OAuthError> {
        let client_id = params.one("client_id").map(str::to_owned);
        let secret = params.one("client_secret");
        let assertion = params.one("client_assertion");
        // RFC 6749 §2.3: the client must not use more than one authentication method in each request.
        let methods = usize::from(authorization.is_some())
            + usize::from(secret.is_some())
            + usize::from(assertion.is_some());
        if methods > 1 {
            return Err(OAuthError::invalid_request(
                "more than one client authentication method",
            ));
        }
        if let Some(header) = authorization {
            let Basic {
                client_id: id,
                secret,
                undecoded,
            } = basic(header)?;
            if client_id.is_some_and(|other| other != id) {
                return Err(OAuthError::invalid_request("two different client ids"));
            }
            // RFC 6749 §2.3.1: a client with an empty secret may leave it out, so it is a public one.
            if secret.expose().is_empty() {
                return Ok(Self::None { client_id: id });
            }
            return Ok(Self::Secret {
                method: AuthMethod::ClientSecretBasic,
                client_id: id,
                secret,
                undecoded,
            });
        }
        if let Some(jwt) = assertion {
            // RFC 7521 §4.2: the type names the format of the assertion.
            if params.one("client_assertion_type") != Some(JWT_BEARER) {
                return Err(OAuthError::invalid_request(format!(
                    "client_assertion_type must be {JWT_BEARER}"
                )));
            }
            if jwt.len() > MAX_ASSERTION_BYTES {
                return Err(OAuthError::invalid_request(
                    "client_assertion is longer than 8192 bytes",
                ));
            }
            return Ok(Self::Assertion(Assertion {
                jwt: jwt.to_owned(),
                client_id,
            }));
        }
        let Some(client_id) = client_id else {
            return Err(OAuthError::invalid_client(
                "no credentials and no client_id",
            ));
        };
        Ok(match secret {
            Some(secret) => Self::Secret {
                method: AuthMethod::ClientSecretPost,
                client_id,
                secret: Secret::new(secret.to_owned()),
                undecoded: None,
            },
            None => Self::None { client_id },
        })
    }
}

/// The client identifier of Basic credentials, unverified; `None` when they are malformed.
#[must_use]
pub fn basic_client_id(header: &str) -> Option<String> {
    basic(header).ok().map(|basic| basic.client_id)
}

struct Basic {
    client_id: String,
    secret: Secret<String>,
    undecoded: Option<Secret<String>>,
}

fn basic(header: &str) -> Result<Basic, OAuthError> {
    let bad = |cause| OAuthError::invalid_client(cause);
    if header.len() > MAX_HEADER_BYTES {
        return Err(bad("the Authorization header is too long"));
    }
    let (scheme, encoded) = header
        .split_once(' ')
        .ok_or_else(|| bad("malformed Authorization header"))?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(bad("the Authorization header is not Basic"));
    }
    let bytes = STANDARD
        .decode(encoded.trim())
        .map_err(|_| bad("the Basic credentials are not base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| bad("the Basic credentials are not UTF-8"))?;
    let (id, secret) = text
        .split_once(':')
        .ok_or_else(|| bad("the Basic credentials have no colon"))?;
    // RFC 6749 §2.3.1: both halves are form-url-encoded before they are joined.
    let id =
        form_decode(id).ok_or_else(|| bad("the client id in Basic is not form-url-encoded"))?;
    let decoded = form_decode(secret).ok_or_else(|| {
        bad("the secret in Basic is not form-url-encoded (RFC 6749 §2.3.1): it has a % that was not encoded")
    })?;
    if id.is_empty() {
        return Err(bad("the Basic credentials have no client id"));
    }
    let undecoded = (decoded != secret).then(|| Secret::new(secret.to_owned()));
    Ok(Basic {
        client_id: id,
        secret: Secret::new(decoded),
        undecoded,
    })
}

/// One form-url-encoded value; a stray `%` is refused rather than kept.
fn form_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        bytes.push(match b {
            b'+' => b' ',
            b'%' => {
                let digit = |d: u8| {
                    char::from(d)
                        .to_digit(16)
                        .and_then(|d| u8::try_from(d).ok())
                };
                digit(rest.next()?)? << 4 | digit(rest.next()?)?
            }
            b => b,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "client_auth_tests.rs"]
mod tests;
