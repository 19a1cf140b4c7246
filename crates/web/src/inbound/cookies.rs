//! Reading cookies by exact name, and setting them with safe attributes.

use std::{fmt::Write as _, time::Duration};

use http::{HeaderMap, HeaderValue, header::COOKIE};

/// The value of the cookie of exactly this name.
///
/// The header is read as bytes: a cookie that is malformed, of another site on the same host or in another encoding does not
/// affect the others. A value that [`SetCookie`] cannot have set is ignored.
///
/// A name that occurs twice with different values counts as absent. A sibling host can set a second cookie of the same
/// name and decide which of the two the browser sends first, so either choice could give the browser another user's
/// session.
#[must_use]
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut values = pairs.filter_map(|pair| {
        let value = pair
            .trim_ascii()
            .strip_prefix(name.as_bytes())?
            .strip_prefix(b"=")?;
        is_cookie_value(value).then_some(value)
    });
    let first = values.next()?;
    if values.any(|other| other != first) {
        return None;
    }
    std::str::from_utf8(first).ok()
}

/// RFC 6265 §4.1.1: `cookie-octet`.
fn is_cookie_value(value: &[u8]) -> bool {
    let octet = |b: &u8| matches!(b, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e);
    value.iter().all(octet)
}

/// How cookies are named: with `__Host-` over https, and with the port in development on localhost, where all ports
/// share one cookie jar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieNames {
    https: bool,
    suffix: String,
}

impl CookieNames {
    /// Names for an issuer of this scheme; `dev_port` only in development.
    #[must_use]
    pub fn new(https: bool, dev_port: Option<u16>) -> Self {
        let suffix = dev_port.map(|port| format!("_{port}")).unwrap_or_default();
        Self { https, suffix }
    }

    /// The name of a cookie, such as `__Host-cardea_session`.
    #[must_use]
    pub fn name(&self, purpose: &str) -> String {
        // RFC 6265bis §4.1.3.2: the prefix makes browsers demand Secure, Path=/ and no Domain.
        let prefix = if self.https { "__Host-" } else { "" };
        format!("{prefix}cardea_{purpose}{}", self.suffix)
    }

    /// A cookie that lasts for the browser session.
    #[must_use]
    pub fn set<'a>(&self, purpose: &str, value: &'a str) -> SetCookie<'a> {
        SetCookie {
            name: self.name(purpose),
            value,
            secure: self.https,
            max_age: None,
        }
    }

    /// Deletes a cookie.
    #[must_use]
    pub fn delete(&self, purpose: &str) -> SetCookie<'static> {
        self.set(purpose, "").max_age(Duration::ZERO)
    }
}

/// A cookie to be set: always `HttpOnly`, `SameSite=Lax`, `Path=/`, without a domain.
#[derive(Clone)]
pub struct SetCookie<'a> {
    name: String,
    value: &'a str,
    secure: bool,
    max_age: Option<Duration>,
}

impl SetCookie<'_> {
    /// Keeps the cookie for this time, also after the browser is closed.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// The value of the `Set-Cookie` header; `None` when the value is not allowed in a cookie.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        if !is_cookie_value(self.value.as_bytes()) {
            return None;
        }
        let mut text = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax",
            self.name, self.value
        );
        if self.secure {
            text.push_str("; Secure");
        }
        if let Some(age) = self.max_age {
            write!(text, "; Max-Age={}", age.as_secs()).ok()?;
        }
        HeaderValue::try_from(text).ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_by_its_exact_name_in_all_headers() {
        let headers = headers(&["a=1; session=x=y", "b=2"]);
        assert_eq!(read(&headers, "session"), Some("x=y"));
        assert_eq!(read(&headers, "b"), Some("2"));
        assert_eq!(read(&headers, "Session"), None);
        assert_eq!(read(&headers, "sess"), None);
    }

    #[test]
    fn a_second_cookie_with_another_value_counts_as_absent() {
        assert_eq!(read(&headers(&["s=mine; s=evil"]), "s"), None);
        assert_eq!(read(&headers(&["s=evil", "s=mine"]), "s"), None);
        assert_eq!(read(&headers(&["s=mine; s=mine"]), "s"), Some("mine"));
    }

    fn raw(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        headers
    }

    #[test]
    fn b1_a_bad_neighbour_does_not_hide_a_cookie() {
        let large = [b"x=".as_slice(), &[b'y'; 64 * 1024]].concat();
        for neighbour in [
            b"city=M\xc3\xbcnchen".as_slice(),
            b"city=M\xfcnchen",
            b"\xff\xfe=\x80",
            b"city=\"a;b",
            b"no-value",
            b"=",
            b"==x",
            b" ; ;;",
            b"a\tb=c\td",
            b"s2=other; ss=other; S=other",
            b"s\xff=other",
            &large,
        ] {
            let before = [neighbour, b"; s=mine"].concat();
            let after = [b"s=mine; ", neighbour].concat();
            for lines in [
                &[before.as_slice()][..],
                &[&after],
                &[b"s=mine", neighbour],
                &[neighbour, b"s=mine"],
            ] {
                assert_eq!(read(&raw(lines), "s"), Some("mine"), "{neighbour:?}");
            }
        }
    }

    #[test]
    fn b1_a_value_that_was_never_set_is_ignored_and_any_other_second_one_counts() {
        for odd in [
            b"s=M\xc3\xbcnchen".as_slice(),
            b"s=\"quoted\"",
            b"s=a b",
            b"s=a,b",
            b"s",
        ] {
            assert_eq!(read(&raw(&[odd]), "s"), None, "{odd:?}");
            assert_eq!(read(&raw(&[odd, b"s=mine"]), "s"), Some("mine"), "{odd:?}");
            assert_eq!(read(&raw(&[b"s=mine", odd]), "s"), Some("mine"), "{odd:?}");
        }
        assert_eq!(read(&raw(&[b"s=mine; \xff; s="]), "s"), None);
        assert_eq!(read(&raw(&[b"s=mine; \xff", b"s=evil"]), "s"), None);
    }

    #[test]
    fn https_cookies_are_bound_to_the_host() {
        let names = CookieNames::new(true, None);
        let header = names
            .set("session", "abc")
            .max_age(Duration::from_secs(60))
            .header();
        assert_eq!(
            header.unwrap(),
            "__Host-cardea_session=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60"
        );
    }

    #[test]
    fn development_cookies_carry_the_port() {
        let names = CookieNames::new(false, Some(9000));
        assert_eq!(names.name("session"), "cardea_session_9000");
        assert_eq!(
            names.delete("session").header().unwrap(),
            "cardea_session_9000=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn a_value_cannot_smuggle_attributes() {
        let names = CookieNames::new(true, None);
        for value in [
            "a; Domain=evil.test",
            "a\r\nX: y",
            "a b",
            "a,b",
            "é",
            "\"a\"",
        ] {
            assert!(names.set("session", value).header().is_none());
        }
    }
}
