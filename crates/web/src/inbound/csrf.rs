//! Forms that only this site could have made.

use cardea_seal::{Digest, MacKey};
use http::HeaderMap;
use http::header::ORIGIN;

/// Makes and checks the hidden token of forms.
pub struct Csrf {
    key: MacKey,
}

impl Csrf {
    /// Tokens under this key, which must be derived for this purpose alone.
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

/// Whether a state-changing request may come from where its headers say it does.
///
/// A foreign `Origin` is refused, and what the browser itself calls cross-site. `null` says nothing: under the
/// `no-referrer` of our own pages browsers send it with our own forms (Fetch §3.2), so there `Sec-Fetch-Site` decides, and
/// where a browser is too old to send that, the token.
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
    fn a_token_is_good_for_its_parts_alone() {
        let token = csrf().token(&[b"browser", b"login"]);
        assert!(csrf().verify(&[b"browser", b"login"], &token));
        assert!(!csrf().verify(&[b"browser", b"consent"], &token));
        assert!(!csrf().verify(&[b"browserl", b"ogin"], &token));
        let other = Csrf::new(MacKey::from_bytes(&[8; 32]));
        assert!(!other.verify(&[b"browser", b"login"], &token));
    }

    #[test]
    fn what_is_no_token_is_refused() {
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
    fn an_opaque_origin_is_judged_by_what_the_browser_says_of_the_site() {
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
    fn what_the_browser_calls_cross_site_is_refused() {
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
}
