//! What a client presents to prove who it is (RFC 6749 §2.3, RFC 7521 §4.2, D15).

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

/// What was presented: one method, not yet believed.
pub enum PresentedCredentials {
    /// A name without proof.
    None {
        /// `client_id`
        client_id: String,
    },
    /// `client_secret_basic` or `client_secret_post`.
    Secret {
        /// Which of the two.
        method: AuthMethod,
        /// The client's name.
        client_id: String,
        /// The secret.
        secret: Secret<String>,
    },
    /// `private_key_jwt`
    Assertion(Assertion),
}

impl PresentedCredentials {
    /// Reads the `Authorization` header and the body; two methods or two names are refused.
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
            let (id, secret) = basic(header)?;
            if client_id.is_some_and(|other| other != id) {
                return Err(OAuthError::invalid_request("two different client ids"));
            }
            return Ok(Self::Secret {
                method: AuthMethod::ClientSecretBasic,
                client_id: id,
                secret,
            });
        }
        if let Some(jwt) = assertion {
            // RFC 7521 §4.2: the type says how to read the assertion.
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
            },
            None => Self::None { client_id },
        })
    }
}

fn basic(header: &str) -> Result<(String, Secret<String>), OAuthError> {
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
    let secret =
        form_decode(secret).ok_or_else(|| bad("the secret in Basic is not form-url-encoded"))?;
    if id.is_empty() {
        return Err(bad("the Basic credentials have no client id"));
    }
    Ok((id, Secret::new(secret)))
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
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    fn parse(
        header: Option<&str>,
        body: &[(&str, &str)],
    ) -> Result<PresentedCredentials, OAuthError> {
        let pairs: Vec<_> = body
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        PresentedCredentials::parse(header, &Params::new(&pairs, 16_384).unwrap())
    }

    fn code(result: Result<PresentedCredentials, OAuthError>) -> Option<ErrorCode> {
        result.err().map(|e| e.code())
    }

    #[test]
    fn the_example_of_rfc_6749_is_read() {
        let Ok(PresentedCredentials::Secret {
            client_id,
            secret,
            method,
        }) = parse(
            Some("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"),
            &[],
        )
        else {
            panic!("not read")
        };
        assert_eq!(
            (client_id.as_str(), secret.expose().as_str()),
            ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw")
        );
        assert_eq!(method, AuthMethod::ClientSecretBasic);
    }

    #[test]
    fn both_halves_of_basic_are_form_decoded() {
        let header = format!("basic {}", STANDARD.encode("a%3Ab:p%25+q%C3%A9"));
        let Ok(PresentedCredentials::Secret {
            client_id, secret, ..
        }) = parse(Some(&header), &[])
        else {
            panic!("not read")
        };
        assert_eq!(
            (client_id.as_str(), secret.expose().as_str()),
            ("a:b", "p% qé")
        );
    }

    #[test]
    fn two_methods_or_two_names_are_an_invalid_request() {
        let header = format!("Basic {}", STANDARD.encode("a:b"));
        let invalid = Some(ErrorCode::InvalidRequest);
        assert_eq!(
            code(parse(Some(&header), &[("client_secret", "b")])),
            invalid
        );
        assert_eq!(
            code(parse(Some(&header), &[("client_assertion", "b")])),
            invalid
        );
        assert_eq!(
            code(parse(Some(&header), &[("client_id", "other")])),
            invalid
        );
        assert!(parse(Some(&header), &[("client_id", "a")]).is_ok());
    }

    #[test]
    fn malformed_credentials_are_an_invalid_client() {
        let stray = format!("Basic {}", STANDARD.encode("a%:b"));
        for header in [
            "Basic",
            "Basic !",
            "Bearer abc",
            "Basic YQ==",
            "Basic OmI=",
            stray.as_str(),
        ] {
            assert_eq!(
                code(parse(Some(header), &[])),
                Some(ErrorCode::InvalidClient),
                "{header}"
            );
        }
        assert_eq!(code(parse(None, &[])), Some(ErrorCode::InvalidClient));
    }

    #[test]
    fn an_assertion_needs_its_type() {
        assert_eq!(
            code(parse(None, &[("client_assertion", "x")])),
            Some(ErrorCode::InvalidRequest)
        );
        let body = [
            ("client_assertion", "x"),
            ("client_assertion_type", JWT_BEARER),
        ];
        assert!(matches!(
            parse(None, &body),
            Ok(PresentedCredentials::Assertion(_))
        ));
    }

    #[test]
    fn a_secret_in_the_body_and_a_bare_name_are_read() {
        let body = [("client_id", "a"), ("client_secret", "s")];
        let Ok(PresentedCredentials::Secret {
            method,
            client_id,
            secret,
        }) = parse(None, &body)
        else {
            panic!("not read")
        };
        assert_eq!(
            (method, client_id.as_str(), secret.expose().as_str()),
            (AuthMethod::ClientSecretPost, "a", "s")
        );
        // An empty secret is an omitted one.
        let body = [("client_id", "a"), ("client_secret", "")];
        assert!(
            matches!(parse(None, &body), Ok(PresentedCredentials::None { client_id }) if client_id == "a")
        );
        assert_eq!(
            code(parse(None, &[("client_secret", "s")])),
            Some(ErrorCode::InvalidClient)
        );
    }

    #[test]
    fn headers_and_assertions_are_bounded() {
        let header = format!(
            "Basic {}",
            STANDARD.encode(format!("a:{}", "s".repeat(2048)))
        );
        assert_eq!(
            code(parse(Some(&header), &[])),
            Some(ErrorCode::InvalidClient)
        );
        let body = [
            ("client_assertion", &*"x".repeat(8193)),
            ("client_assertion_type", JWT_BEARER),
        ];
        assert_eq!(code(parse(None, &body)), Some(ErrorCode::InvalidRequest));
    }

    #[test]
    fn halves_that_are_no_form_encoding_of_utf_8_are_refused() {
        for bad in ["a%zz:b", "a:b%4", "a:%", "%ff:b", "a:%c3"] {
            assert_eq!(
                code(parse(Some(&format!("Basic {}", STANDARD.encode(bad))), &[])),
                Some(ErrorCode::InvalidClient),
                "{bad}"
            );
        }
        let binary = format!("Basic {}", STANDARD.encode([b'a', b':', 0xff]));
        assert_eq!(
            code(parse(Some(&binary), &[])),
            Some(ErrorCode::InvalidClient)
        );
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics_and_basic_gives_back_what_was_encoded(
            header in "\\PC*", id in "\\PC{1,20}", secret in "\\PC{0,20}",
        ) {
            let _ = parse(Some(&header), &[]);
            let form = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let header = format!("Basic {}", STANDARD.encode(format!("{}:{}", form(&id), form(&secret))));
            let Ok(PresentedCredentials::Secret { client_id, secret: read, .. }) = parse(Some(&header), &[]) else {
                panic!("not read")
            };
            proptest::prop_assert_eq!((client_id, read.expose()), (id, &secret));
        }
    }
}
