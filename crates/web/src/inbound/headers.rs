//! The security headers, prebuilt.

use axum::response::{IntoResponseParts, ResponseParts};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NO_DEVICES: HeaderValue = HeaderValue::from_static(
    "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), \
     gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
);
// Without includeSubDomains: what else lives under the issuer's name is not ours to decide.
const TWO_YEARS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// What a page carries beyond the pack of every answer. Return it as `(PageHeaders, Html(…))`.
#[derive(Debug, Clone)]
pub struct PageHeaders {
    content_security_policy: HeaderValue,
    isolated: bool,
}

impl PageHeaders {
    /// The headers of a page under this policy, which should name `frame-ancestors 'none'`.
    #[must_use]
    pub fn new(content_security_policy: HeaderValue) -> Self {
        Self {
            content_security_policy,
            isolated: true,
        }
    }

    /// The same for a page on the way from a client and back to it. Libraries that log in by a popup speak to
    /// `window.opener` in the end; one page on the way with an opener policy would cut that for good.
    #[must_use]
    pub fn on_the_way_to_a_client(content_security_policy: HeaderValue) -> Self {
        Self {
            content_security_policy,
            isolated: false,
        }
    }
}

impl IntoResponseParts for PageHeaders {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        let headers = parts.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.content_security_policy);
        headers.insert(X_FRAME_OPTIONS, DENY);
        if self.isolated {
            headers.insert(CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN);
        }
        headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, SAME_ORIGIN);
        headers.insert(PERMISSIONS_POLICY, NO_DEVICES);
        headers.insert(CACHE_CONTROL, NO_STORE);
        Ok(parts)
    }
}

/// Adds what every answer carries; a header that the handler set stays as it is.
pub(super) fn harden(headers: &mut HeaderMap, https: bool) {
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(NOSNIFF);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NOTHING);
    headers.entry(REFERRER_POLICY).or_insert(NO_REFERRER);
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
    // RFC 6797 §7.2: never over plain http.
    if https {
        headers
            .entry(STRICT_TRANSPORT_SECURITY)
            .or_insert(TWO_YEARS);
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn an_answer_without_headers_of_its_own_gets_the_strictest() {
        let mut headers = HeaderMap::new();
        harden(&mut headers, true);
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], NOTHING);
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert!(headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_handlers_own_header_wins() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=900"));
        harden(&mut headers, false);
        assert_eq!(headers[CACHE_CONTROL], "max-age=900");
    }

    #[test]
    fn plain_http_never_promises_https() {
        let mut headers = HeaderMap::new();
        harden(&mut headers, false);
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_page_is_not_framed_not_stored_and_keeps_its_policy() {
        let policy = HeaderValue::from_static("default-src 'none'; style-src 'self'");
        let mut response = (PageHeaders::new(policy.clone()), "page").into_response();
        harden(response.headers_mut(), false);
        assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], policy);
        assert_eq!(response.headers()[X_FRAME_OPTIONS], "DENY");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(
            response.headers()[CROSS_ORIGIN_OPENER_POLICY],
            "same-origin"
        );
    }

    #[test]
    fn a_page_on_the_way_keeps_the_opener_and_all_other_walls() {
        let page = PageHeaders::new(NOTHING);
        let on_the_way = PageHeaders::on_the_way_to_a_client(NOTHING);
        let mut expected = (page, "page").into_response().into_parts().0.headers;
        expected.remove(CROSS_ORIGIN_OPENER_POLICY);
        let response = (on_the_way, "page").into_response();
        assert_eq!(*response.headers(), expected);
    }
}
