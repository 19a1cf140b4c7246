//! CORS (design D21): open for discovery, by origin for other endpoints, never with credentials.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
    },
};

/// The maximum length of an origin.
const MAX_ORIGIN_BYTES: usize = 256;

const ANY: HeaderValue = HeaderValue::from_static("*");
const GET: HeaderValue = HeaderValue::from_static("GET");
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const ONE_HOUR: HeaderValue = HeaderValue::from_static("3600");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "www-authenticate, x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset",
);

/// Lets every origin read this response. For documents that are the same for all callers.
pub fn open(response: &mut HeaderMap) {
    response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
}

/// The response to a preflight for a document that every origin may read. Browser libraries send custom headers, which
/// cause the preflight; none of them changes the response.
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

/// What an endpoint allows to registered origins.
#[derive(Debug, Clone)]
pub struct Cors {
    methods: HeaderValue,
    headers: HeaderValue,
}

impl Cors {
    /// An endpoint with these methods and request headers, in the syntax of the header.
    #[must_use]
    pub const fn new(methods: &'static str, headers: &'static str) -> Self {
        Self {
            methods: HeaderValue::from_static(methods),
            headers: HeaderValue::from_static(headers),
        }
    }

    /// The response to a preflight: 204, with permission only for an allowed origin.
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

    /// Marks a response as readable by the origin of the request if `may` allows it.
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

/// The origin of the request if it has the form of a registered one; never `null`.
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
    // Also without permission: the response to another origin would differ.
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
    fn only_a_registered_origin_is_allowed() {
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
    fn null_and_malformed_origins_are_never_allowed() {
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
    fn the_vary_header_of_the_handler_is_kept() {
        let mut response = HeaderMap::from_iter([(VARY, "accept".parse().unwrap())]);
        TOKEN.answer(&from("https://a.test"), &mut response, |_| true);
        assert_eq!(response.get_all(VARY).iter().count(), 2);
        assert!(response.contains_key(ACCESS_CONTROL_EXPOSE_HEADERS));
    }

    #[test]
    fn discovery_is_readable_by_every_origin() {
        let mut response = HeaderMap::new();
        open(&mut response);
        assert_eq!(response[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    }

    #[test]
    fn the_preflight_of_discovery_allows_every_origin_without_credentials() {
        let response = open_preflight();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let headers = response.headers();
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], "GET");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "*");
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
}
