//! The token in a request: RFC 6750 §2.1, the header and nothing else.

use cardea_jose::MAX_TOKEN_LEN;
use http::{header::AUTHORIZATION, request::Parts};

use crate::refusal::TokenError;

/// The bearer token of a request.
pub(crate) fn bearer(request: &Parts) -> Result<&str, TokenError> {
    // RFC 6750 §2.3, RFC 9700 §4.3.2: a token in a URL ends up in logs and histories, so it is never taken from there.
    if request.uri.query().is_some_and(has_token) {
        return Err(TokenError::Malformed(
            "an access token belongs in the Authorization header, not in the URL",
        ));
    }
    let mut values = request.headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(TokenError::Missing)?;
    // RFC 6750 §3.1: more than one way to send a token is an invalid request.
    if values.next().is_some() {
        return Err(TokenError::Malformed("more than one Authorization header"));
    }
    let bytes = value.as_bytes();
    let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.is_ascii());
    let text = text.ok_or(TokenError::Malformed(
        "the Authorization header is not ASCII",
    ))?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    // RFC 9110 §11.1: the scheme is compared without case. RFC 6750 §3.1: another scheme is no attempt with a token.
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Missing);
    }
    let token = token.trim_matches(' ');
    if !is_token(token) {
        return Err(TokenError::Malformed(
            "the Authorization header is not Bearer and one token",
        ));
    }
    bounded(token)
}

/// A token that was not sent in the header.
pub(crate) fn bare(token: &str) -> Result<&str, TokenError> {
    if !is_token(token) {
        return Err(TokenError::Malformed("this is not one token"));
    }
    bounded(token)
}

fn bounded(token: &str) -> Result<&str, TokenError> {
    if token.len() > MAX_TOKEN_LEN {
        return Err(TokenError::Malformed("the access token is too long"));
    }
    Ok(token)
}

/// RFC 6750 §2.1
fn is_token(text: &str) -> bool {
    let letters = text.trim_end_matches('=');
    // To the end in any case, so that many bytes are looked at in one step: this runs for every request.
    let good = |good: bool, byte| good & is_b64token(byte);
    !letters.is_empty() && letters.bytes().fold(true, good)
}

fn has_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        name == "access_token"
    })
}

const fn is_b64token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use axum::extract::Request;

    use super::*;

    fn read(uri: &str, headers: &[&str]) -> Result<String, TokenError> {
        let mut request = Request::get(uri);
        for header in headers {
            request = request.header("authorization", *header);
        }
        let (parts, _) = request.body(()).unwrap().into_parts();
        bearer(&parts).map(str::to_owned)
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_with_spaces() {
        for header in [
            "Bearer a.b-c_~+/=",
            "bearer a.b-c_~+/=",
            "BEARER   a.b-c_~+/= ",
        ] {
            assert_eq!(read("/", &[header]).unwrap(), "a.b-c_~+/=", "{header}");
        }
    }

    #[test]
    fn without_credentials_of_this_scheme_nothing_was_tried() {
        for headers in [
            &[][..],
            &["Basic YTpi"],
            &["DPoP abc"],
            &["Bearerabc"],
            &[""],
        ] {
            assert!(
                matches!(read("/", headers), Err(TokenError::Missing)),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn what_is_not_one_token_is_an_invalid_request() {
        let long = format!("Bearer {}", "x".repeat(MAX_TOKEN_LEN + 1));
        for header in [
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer a,b",
            "Bearer \"a\"",
            "Bearer =",
            &long,
        ] {
            assert!(
                matches!(read("/", &[header]), Err(TokenError::Malformed(_))),
                "{header}"
            );
        }
        let twice = read("/", &["Bearer a", "Bearer a"]);
        assert!(matches!(twice, Err(TokenError::Malformed(_))));
    }

    #[test]
    fn a_token_in_the_url_is_refused_with_and_without_a_header() {
        for uri in ["/?access_token=a", "/?x=1&access_token=a", "/?access_token"] {
            for headers in [&[][..], &["Bearer a"]] {
                assert!(
                    matches!(read(uri, headers), Err(TokenError::Malformed(_))),
                    "{uri}"
                );
            }
        }
        assert!(read("/?access_tokens=1", &["Bearer a"]).is_ok());
    }
}
