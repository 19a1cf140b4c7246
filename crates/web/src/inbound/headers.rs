//! Security headers of responses.

use axum::response::{IntoResponseParts, ResponseParts};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

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
// Without includeSubDomains: other hosts under the name of the issuer are not ours to decide on.
const TWO_YEARS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// The headers of a page beyond those of every response. Return it as `(PageHeaders, Html(…))`.
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

    /// The same for a page between a client's request and the redirect back to it. Libraries that log in by a popup use
    /// `window.opener` in the end; one page with an opener policy in between would break that.
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

/// Adds the headers of every response; a header that the handler set is kept.
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
    fn the_defaults_are_strict() {
        let mut headers = HeaderMap::new();
        harden(&mut headers, true);
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], NOTHING);
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert!(headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_header_of_the_handler_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=900"));
        harden(&mut headers, false);
        assert_eq!(headers[CACHE_CONTROL], "max-age=900");
    }

    #[test]
    fn hsts_is_not_sent_over_plain_http() {
        let mut headers = HeaderMap::new();
        harden(&mut headers, false);
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_page_is_neither_framed_nor_stored_and_keeps_its_policy() {
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
    fn a_page_before_the_redirect_keeps_the_opener_and_all_other_headers() {
        let page = PageHeaders::new(NOTHING);
        let before_redirect = PageHeaders::on_the_way_to_a_client(NOTHING);
        let mut expected = (page, "page").into_response().into_parts().0.headers;
        expected.remove(CROSS_ORIGIN_OPENER_POLICY);
        let response = (before_redirect, "page").into_response();
        assert_eq!(*response.headers(), expected);
    }
}
