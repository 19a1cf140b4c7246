use std::fmt;

/// A longer address is not worth a cookie's room.
const MAX_BYTES: usize = 512;

/// The page of this app to come back to after a login: a path, with a query and a fragment perhaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Reads a path. `None` for all that a browser could take for another place.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // What is put behind our own origin must begin with one slash: two begin another host, and browsers read a
        // backslash as a slash and drop tabs and line breaks before they look.
        let path = text.strip_prefix('/')?;
        let plain = text.bytes().all(|b| matches!(b, 0x21..=0x7e) && b != b'\\');
        (text.len() <= MAX_BYTES && plain && !path.starts_with('/')).then(|| Self(text.to_owned()))
    }

    /// The app's first page.
    #[must_use]
    pub fn home() -> Self {
        Self("/".to_owned())
    }

    /// The page that was asked for; without its query when it is too long with it, the first page when it still is.
    #[must_use]
    pub fn to_page(uri: &http::Uri) -> Self {
        let whole = uri
            .path_and_query()
            .and_then(|page| Self::parse(page.as_str()));
        whole
            .or_else(|| Self::parse(uri.path()))
            .unwrap_or_else(Self::home)
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_app_are_taken() {
        for path in [
            "/",
            "/orders",
            "/orders?page=2&q=a%20b",
            "/#/orders",
            "/a?next=https://evil.test//x",
            "/@user",
        ] {
            assert_eq!(ReturnTo::parse(path).unwrap().as_str(), path);
        }
    }

    #[test]
    fn no_spelling_leads_to_another_place() {
        for path in [
            "",
            "orders",
            "https://evil.test/",
            "HTTPS://evil.test/",
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\/evil.test",
            "\\\\evil.test",
            "/a\\b",
            "/\t/evil.test",
            "/\n/evil.test",
            "\t//evil.test",
            " //evil.test",
            "/ /evil.test",
            "/a\r\nSet-Cookie: x=y",
            "/\u{0}",
            "/é",
            "/\u{2044}evil.test",
            "javascript:alert(1)",
            "data:text/html,x",
            "?next=/",
            "#x",
            "@evil.test",
            ".evil.test",
            ":80/",
        ] {
            assert_eq!(ReturnTo::parse(path), None, "{path:?}");
        }
    }

    #[test]
    fn every_path_that_is_taken_stays_on_the_origin() {
        // As browsers read it: put behind the origin, and against it.
        let base = url::Url::parse("https://app.example.com").unwrap();
        for path in [
            "/",
            "/.//evil.test",
            "/..//evil.test",
            "/%2f/evil.test",
            "/%5cevil.test",
            "/:@evil.test",
        ] {
            let path = ReturnTo::parse(path).unwrap();
            let behind = url::Url::parse(&format!("https://app.example.com{path}")).unwrap();
            assert_eq!(behind.origin(), base.origin());
            assert_eq!(base.join(path.as_str()).unwrap().origin(), base.origin());
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_taken_leaves_the_origin(text in "/?[/\\\\.:@%?#;&=a-z0-9\\t\\r\\n \u{2044}\u{ff0f}\u{3002}]{0,40}") {
            let base = url::Url::parse("https://app.example.com").unwrap();
            if let Some(path) = ReturnTo::parse(&text) {
                let behind = url::Url::parse(&format!("https://app.example.com{path}")).unwrap();
                proptest::prop_assert_eq!(behind.origin(), base.origin());
                proptest::prop_assert_eq!(base.join(path.as_str()).unwrap().origin(), base.origin());
                proptest::prop_assert!(http::HeaderValue::try_from(path.as_str()).is_ok());
            }
        }
    }

    #[test]
    fn a_page_with_too_long_a_query_is_returned_to_without_it() {
        let uri: http::Uri = format!("/orders?q={}", "x".repeat(600)).parse().unwrap();
        assert_eq!(ReturnTo::to_page(&uri).as_str(), "/orders");
        let uri: http::Uri = format!("/{}", "x".repeat(600)).parse().unwrap();
        assert_eq!(ReturnTo::to_page(&uri), ReturnTo::home());
        assert_eq!(
            ReturnTo::to_page(&"//evil.test".parse().unwrap()),
            ReturnTo::home()
        );
    }
}
