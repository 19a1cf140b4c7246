//! Protection of forms against cross-site request forgery.

use cardea_seal::{Digest, MacKey};
use http::{HeaderMap, HeaderValue, Method, header::ORIGIN};

/// Creates and verifies the hidden token of forms.
pub struct Csrf {
    key: MacKey,
}

impl Csrf {
    /// Tokens under this key, which must be derived for this purpose only.
    #[must_use]
    pub fn new(key: MacKey) -> Self {
        Self { key }
    }

    /// The token for a form bound to these parts (browser, ticket, session, step).
    #[must_use]
    pub fn token(&self, parts: &[&[u8]]) -> String {
        self.key.tag(parts).to_text()
    }

    /// Whether the presented token belongs to these parts.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], presented: &str) -> bool {
        Digest::from_text(presented).is_ok_and(|tag| self.key.verify(parts, tag.as_bytes()))
    }
}

/// Whether the headers allow a state-changing request.
///
/// A foreign `Origin` is refused, and a request that the browser marks as cross-site. `Origin: null` decides nothing:
/// browsers send it with forms of our own pages, which have the policy `no-referrer` (Fetch §3.2). Then `Sec-Fetch-Site`
/// decides, and for browsers that do not send that header, the token.
#[must_use]
pub fn same_origin(headers: &HeaderMap, own_origin: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site")
        && !matches!(site.as_bytes(), b"same-origin" | b"none")
    {
        return false;
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => {
            matches!(origin.as_bytes(), b"null") || origin.as_bytes() == own_origin.as_bytes()
        }
        (Some(_), Some(_)) => false,
    }
}

/// The same for a request without a token. `Origin: null` then needs `Sec-Fetch-Site: same-origin` beside it: sandboxed documents
/// of any site send `null` too, but no script can set that header.
#[must_use]
pub fn same_origin_without_token(headers: &HeaderMap, own_origin: &str) -> bool {
    let is_null = headers.get(ORIGIN).is_some_and(|origin| origin == "null");
    let mut sites = headers.get_all("sec-fetch-site").iter();
    let is_confirmed = sites.next().is_some_and(|site| site == "same-origin");
    same_origin(headers, own_origin) && (!is_null || (is_confirmed && sites.next().is_none()))
}

/// Whether a request changes nothing, so that another site may cause it: a safe method (RFC 9110 §9.2.1), and no handshake.
#[must_use]
pub fn is_safe(method: &Method, headers: &HeaderMap) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && !is_handshake(headers)
}

/// Whether a request begins a WebSocket, in which anything may follow. Its method is GET, and browsers send it to any site (RFC 6455
/// §10.2). Some proxies remove `Upgrade`; the headers `Sec-WebSocket-*` remain. `Connection` says nothing: nginx is often
/// configured to always set it.
#[must_use]
pub fn is_handshake(headers: &HeaderMap) -> bool {
    let is_upgrade = |value: &HeaderValue| !value.as_bytes().trim_ascii().is_empty();
    let has = |name: &str| headers.get_all(name).iter().any(is_upgrade);
    let schemes = headers.get_all("x-forwarded-proto").iter();
    let mut schemes = schemes.map(|scheme| scheme.as_bytes().to_ascii_lowercase());
    headers
        .keys()
        .any(|name| name.as_str().starts_with("sec-websocket-"))
        || has("upgrade")
        || has("x-forwarded-upgrade")
        || headers.get("sec-fetch-mode").is_some_and(|mode| mode == "websocket")
        // Traefik reports it by the scheme.
        || schemes.any(|scheme| scheme == b"wss" || scheme == b"ws")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const OWN: &str = "https://id.example.com";

    fn csrf() -> Csrf {
        Csrf::new(MacKey::from_bytes(&[7; 32]))
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_token_is_valid_only_for_its_parts() {
        let token = csrf().token(&[b"browser", b"login"]);
        assert!(csrf().verify(&[b"browser", b"login"], &token));
        assert!(!csrf().verify(&[b"browser", b"consent"], &token));
        assert!(!csrf().verify(&[b"browserl", b"ogin"], &token));
        let other = Csrf::new(MacKey::from_bytes(&[8; 32]));
        assert!(!other.verify(&[b"browser", b"login"], &token));
    }

    #[test]
    fn a_malformed_token_is_refused() {
        for presented in ["", "x", "====", &"A".repeat(43), &"A".repeat(10_000)] {
            assert!(!csrf().verify(&[b"browser"], presented));
        }
    }

    #[test]
    fn a_foreign_origin_is_refused() {
        assert!(same_origin(&headers(&[("origin", OWN)]), OWN));
        assert!(same_origin(&headers(&[]), OWN));
        for origin in [
            "https://evil.test",
            "http://id.example.com",
            "https://id.example.com.evil.test",
            "",
        ] {
            assert!(
                !same_origin(&headers(&[("origin", origin)]), OWN),
                "{origin}"
            );
        }
        assert!(!same_origin(
            &headers(&[("origin", OWN), ("origin", "null")]),
            OWN
        ));
    }

    #[test]
    fn sec_fetch_site_decides_for_an_opaque_origin() {
        assert!(same_origin(
            &headers(&[("origin", "null"), ("sec-fetch-site", "same-origin")]),
            OWN
        ));
        assert!(!same_origin(
            &headers(&[("origin", "null"), ("sec-fetch-site", "cross-site")]),
            OWN
        ));
    }

    #[test]
    fn cross_site_requests_are_refused() {
        for (site, allowed) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
        ] {
            assert_eq!(
                same_origin(&headers(&[("sec-fetch-site", site), ("origin", OWN)]), OWN),
                allowed
            );
        }
    }

    #[test]
    fn g2_without_a_token_a_null_origin_must_be_confirmed_by_the_browser() {
        let allowed = |pairs: &[_]| same_origin_without_token(&headers(pairs), OWN);
        assert!(!allowed(&[("origin", "null")]));
        for site in ["none", "same-site", "cross-site"] {
            assert!(!allowed(&[("origin", "null"), ("sec-fetch-site", site)]));
        }
        assert!(!allowed(&[
            ("origin", "null"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "cross-site"),
        ]));
        assert!(allowed(&[
            ("origin", "null"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(allowed(&[("origin", OWN)]) && allowed(&[]));
        assert!(!allowed(&[("origin", "https://evil.example")]));
    }

    #[test]
    fn g2_every_form_of_a_websocket_handshake_is_recognized() {
        let safe = |pairs: &[_]| is_safe(&Method::GET, &headers(pairs));
        for handshake in [
            ("upgrade", "websocket"),
            ("upgrade", "WebSocket"),
            ("upgrade", "h2c, websocket"),
            ("x-forwarded-upgrade", "websocket"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "chat"),
            ("sec-fetch-mode", "websocket"),
            ("x-forwarded-proto", "wss"),
            ("x-forwarded-proto", "WS"),
        ] {
            assert!(!safe(&[handshake]), "{handshake:?}");
        }
        for usual in [
            ("upgrade", ""),
            ("connection", "upgrade"),
            ("x-forwarded-proto", "https"),
            ("sec-fetch-mode", "navigate"),
        ] {
            assert!(safe(&[usual]), "{usual:?}");
        }
        for method in [Method::POST, Method::CONNECT, Method::TRACE] {
            assert!(!is_safe(&method, &HeaderMap::new()), "{method}");
        }
    }
}
