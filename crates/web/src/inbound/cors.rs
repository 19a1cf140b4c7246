//! Cross-origin reads (design D21): open for discovery, by origin for the rest, never credentials.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};

/// No registered origin is longer.
const MAX_ORIGIN_BYTES: usize = 256;

const ANY: HeaderValue = HeaderValue::from_static("*");
const GET: HeaderValue = HeaderValue::from_static("GET");
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const ONE_HOUR: HeaderValue = HeaderValue::from_static("3600");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "www-authenticate, x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset",
);

/// Lets every origin read this answer: for documents that are the same for everybody.
pub fn open(response: &mut HeaderMap) {
    response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
}

/// The answer to a preflight for a document that every origin may read. Libraries for browsers send headers of their own
/// with it, which is what makes a browser ask first; none of them changes the answer.
#[must_use]
pub fn open_preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, ANY),
        (ACCESS_CONTROL_ALLOW_METHODS, GET),
        (ACCESS_CONTROL_ALLOW_HEADERS, ANY),
        (ACCESS_CONTROL_MAX_AGE, ONE_HOUR),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// What an endpoint allows to the origins it knows.
#[derive(Debug, Clone)]
pub struct Cors {
    methods: HeaderValue,
    headers: HeaderValue,
}

impl Cors {
    /// An endpoint with these methods and request headers, written as in the header.
    #[must_use]
    pub const fn new(methods: &'static str, headers: &'static str) -> Self {
        Self {
            methods: HeaderValue::from_static(methods),
            headers: HeaderValue::from_static(headers),
        }
    }

    /// The answer to a preflight: 204, with permission only for an origin that may.
    pub fn preflight(&self, request: &HeaderMap, may: impl FnOnce(&str) -> bool) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        if allow(request, headers, may) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone());
            headers.insert(ACCESS_CONTROL_MAX_AGE, ONE_HOUR);
        }
        response
    }

    /// Marks an answer as readable by the request's origin when that origin may.
    pub fn answer(
        &self,
        request: &HeaderMap,
        response: &mut HeaderMap,
        may: impl FnOnce(&str) -> bool,
    ) {
        if allow(request, response, may) {
            response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// The request's origin, when it has one that could be registered; never `null`.
#[must_use]
pub fn origin(request: &HeaderMap) -> Option<&str> {
    let mut values = request.get_all(ORIGIN).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let text = value.to_str().ok()?;
    let (scheme, host) = text.split_once("://")?;
    let plain =
        !scheme.is_empty() && !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', ',']);
    (plain && text.len() <= MAX_ORIGIN_BYTES).then_some(text)
}

fn allow(request: &HeaderMap, response: &mut HeaderMap, may: impl FnOnce(&str) -> bool) -> bool {
    // Also without permission: the answer to another origin would differ.
    response.append(VARY, BY_ORIGIN);
    let allowed = origin(request).is_some_and(may);
    if allowed && let Some(value) = request.get(ORIGIN) {
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, value.clone());
    }
    allowed
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use http::header::ACCESS_CONTROL_ALLOW_CREDENTIALS;

    use super::*;

    const TOKEN: Cors = Cors::new("POST", "content-type, authorization, dpop");

    fn from(origin: &str) -> HeaderMap {
        HeaderMap::from_iter([(ORIGIN, origin.parse().unwrap())])
    }

    #[test]
    fn a_known_origin_may_and_a_stranger_may_not() {
        let known = |origin: &str| origin == "https://app.example.com";
        let yes = TOKEN.preflight(&from("https://app.example.com"), known);
        assert_eq!(
            yes.headers()[ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://app.example.com"
        );
        assert_eq!(yes.headers()[ACCESS_CONTROL_ALLOW_METHODS], "POST");
        let no = TOKEN.preflight(&from("https://evil.test"), known);
        assert_eq!(no.status(), StatusCode::NO_CONTENT);
        assert!(!no.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        for response in [yes, no] {
            assert_eq!(response.headers()[VARY], "origin");
            assert!(
                !response
                    .headers()
                    .contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS)
            );
        }
    }

    #[test]
    fn null_is_never_allowed_whatever_the_predicate_says() {
        for odd in [
            "null",
            "*",
            "",
            "https://",
            "https://a.test/path",
            "https://u@a.test",
            "https://a.test, https://b.test",
        ] {
            let mut response = HeaderMap::new();
            TOKEN.answer(&from(odd), &mut response, |_| true);
            assert!(!response.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{odd}");
        }
    }

    #[test]
    fn the_answer_keeps_the_vary_of_the_handler() {
        let mut response = HeaderMap::from_iter([(VARY, "accept".parse().unwrap())]);
        TOKEN.answer(&from("https://a.test"), &mut response, |_| true);
        assert_eq!(response.get_all(VARY).iter().count(), 2);
        assert!(response.contains_key(ACCESS_CONTROL_EXPOSE_HEADERS));
    }

    #[test]
    fn discovery_is_open_to_all() {
        let mut response = HeaderMap::new();
        open(&mut response);
        assert_eq!(response[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    }

    #[test]
    fn the_preflight_of_discovery_allows_reading_to_all_and_credentials_to_none() {
        let response = open_preflight();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let headers = response.headers();
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], "GET");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "*");
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
}
