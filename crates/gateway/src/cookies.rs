//! Private cookies: only the upstream that owns them receives and sets them.

use http::{
    HeaderValue,
    header::{COOKIE, HeaderMap, SET_COOKIE},
};

/// Names and name prefixes of cookies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PrivateCookies {
    whole: Vec<Box<[u8]>>,
    beginnings: Vec<Box<[u8]>>,
}

impl PrivateCookies {
    /// A name with `*` at the end is a prefix.
    pub(crate) fn new(names: &[String]) -> Self {
        let mut cookies = Self::default();
        for name in names {
            match name.strip_suffix('*') {
                Some(beginning) => cookies.beginnings.push(beginning.as_bytes().into()),
                None => cookies.whole.push(name.as_bytes().into()),
            }
        }
        cookies
    }

    fn holds(&self, name: &[u8]) -> bool {
        self.whole.iter().any(|whole| **whole == *name)
            || self.beginnings.iter().any(|start| name.starts_with(start))
    }

    /// The `Cookie` header for an upstream that does not own them; `None` when nothing is left.
    pub(crate) fn without(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut lines = headers.get_all(COOKIE).iter();
        let first = lines.next()?;
        let clean = |pair: &&[u8]| !self.holds(name(pair));
        if lines.next().is_none() && pairs(first).all(|pair| clean(&pair)) {
            return Some(first.clone());
        }
        let all = headers.get_all(COOKIE).iter().flat_map(pairs);
        joined(all.filter(clean))
    }

    /// Removes them from a response of an upstream that does not own them.
    pub(crate) fn remove_from_response(&self, headers: &mut HeaderMap) {
        let private = |value: &HeaderValue| self.holds(name(value.as_bytes()));
        if !headers.get_all(SET_COOKIE).iter().any(private) {
            return;
        }
        let all = headers.get_all(SET_COOKIE).iter();
        let others: Vec<_> = all.filter(|value| !private(value)).cloned().collect();
        headers.remove(SET_COOKIE);
        for value in others {
            headers.append(SET_COOKIE, value);
        }
    }
}

/// All cookies in one header, as HTTP/1.1 requires.
pub(crate) fn all(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut lines = headers.get_all(COOKIE).iter();
    let first = lines.next()?;
    match lines.next() {
        None => Some(first.clone()),
        // RFC 9113 §8.2.3: HTTP/2 may send several Cookie headers.
        Some(_) => joined(headers.get_all(COOKIE).iter().flat_map(pairs)),
    }
}

fn pairs(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    let parts = line.as_bytes().split(|byte| *byte == b';');
    parts
        .map(<[u8]>::trim_ascii)
        .filter(|pair| !pair.is_empty())
}

/// The name that a server will read. Browsers send a cookie without a name (`=a=b`) as `a=b`.
fn name(pair: &[u8]) -> &[u8] {
    let mut parts = pair.split(|byte| *byte == b'=').map(<[u8]>::trim_ascii);
    parts.find(|part| !part.is_empty()).unwrap_or_default()
}

fn joined<'a>(pairs: impl Iterator<Item = &'a [u8]>) -> Option<HeaderValue> {
    let mut line = Vec::new();
    for pair in pairs {
        if !line.is_empty() {
            line.extend_from_slice(b"; ");
        }
        line.extend_from_slice(pair);
    }
    if line.is_empty() {
        return None;
    }
    HeaderValue::from_bytes(&line).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn private() -> PrivateCookies {
        PrivateCookies::new(&["sso".to_owned(), "__Host-cardea_session*".to_owned()])
    }

    fn headers(name: &http::HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn private_cookies_are_removed_and_others_kept() {
        for (lines, left) in [
            (&["a=1; b=2"][..], Some("a=1; b=2")),
            (&["a=1; sso=x; b=2"], Some("a=1; b=2")),
            (&["sso = x;__Host-cardea_session_8443=y"], None),
            (&["a=1", "sso=x", "b=sso=z"], Some("a=1; b=sso=z")),
            (&["ssoo=1; SSO=2"], Some("ssoo=1; SSO=2")),
            (&["sso"], None),
            (&[], None),
        ] {
            let value = private().without(&headers(&COOKIE, lines));
            assert_eq!(
                value.as_ref().map(|v| v.to_str().unwrap()),
                left,
                "{lines:?}"
            );
        }
    }

    #[test]
    fn several_cookie_headers_are_joined() {
        let value = all(&headers(&COOKIE, &["a=1", "b=2; c=3"])).unwrap();
        assert_eq!(value, "a=1; b=2; c=3");
    }

    #[test]
    fn only_their_owner_sets_private_cookies() {
        let mut answer = headers(
            &SET_COOKIE,
            &[
                "a=1; Path=/",
                "sso=evil; Path=/",
                "b=2",
                "=sso=evil",
                " = sso=evil; Path=/",
            ],
        );
        private().remove_from_response(&mut answer);
        let left: Vec<_> = answer.get_all(SET_COOKIE).iter().collect();
        assert_eq!(left, ["a=1; Path=/", "b=2"]);
    }
}
