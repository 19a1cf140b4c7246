//! Which paths are forwarded.

use cardea_web::inbound::path;

/// The path after the prefix. `None` when two servers could read the path differently.
pub(super) fn checked_path<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    let is_clear = rest.starts_with('/') && path::read(path).is_ok();
    is_clear.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::checked_path;

    #[test]
    fn plain_paths_lose_their_prefix() {
        for (path, rest) in [
            ("/api/orders", "/orders"),
            ("/api/", "/"),
            ("/api/orders/7/", "/orders/7/"),
            ("/api/a%20b/%C3%A9", "/a%20b/%C3%A9"),
            ("/api/100%25", "/100%25"),
            ("/api/...", "/..."),
            ("/api/v1.2/x;y=1", "/v1.2/x;y=1"),
        ] {
            assert_eq!(checked_path(path, "/api"), Some(rest));
        }
    }

    #[test]
    fn g4_what_two_servers_could_read_differently_is_refused() {
        for path in [
            "/api",
            "/apis/orders",
            "/other",
            "/api/../admin",
            "/api/..",
            "/api/.",
            "/api/%2e%2e/admin",
            "/api/.%2E/admin",
            "/api/..;/admin",
            "/api/..%3b/admin",
            "/api/a%2f..%2fadmin",
            "/api/a%5c..",
            "/api/a\\..",
            "/api//evil",
            "/api/a//b",
            "/api/a%00",
            "/api/a%0d%0a",
            "/api/%252e%252e/admin",
            "/api/a%252f..%252fadmin",
            "/api/a%25%32%66admin",
            "/api/%25252e%25252e/admin",
            "/api/a%",
            "/api/a%2",
            "/api/a%zz",
            "/api/%c0%ae%c0%ae/x",
            "/api/%e0%80%ae%e0%80%ae/x",
            "/api/a%c0%afb",
            "/api/%f8%80%80%80%ae/x",
            "/api/caf\u{e9}",
            "/api/a b",
            "/api/a\tb",
            "/api/a\\b",
            "/api/a%5Cb",
            "/api/%2561dmin",
        ] {
            assert_eq!(checked_path(path, "/api"), None, "{path}");
        }
    }
    /// As a careless server decodes: whatever can be, so often.
    fn decoded(path: &str, times: usize) -> String {
        let mut bytes = path.as_bytes().to_vec();
        for _ in 0..times {
            let mut rest = bytes.into_iter();
            bytes = Vec::new();
            while let Some(byte) = rest.next() {
                let digits = rest.as_slice().get(..2).filter(|_| byte == b'%');
                let digits = digits.and_then(|two| std::str::from_utf8(two).ok());
                let pair = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
                if pair.is_some() {
                    rest.nth(1);
                }
                bytes.push(pair.unwrap_or(byte));
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    proptest::proptest! {
        #[test]
        fn no_path_climbs_however_often_it_is_decoded(
            tail in "(/|\\.|%2e|%2F|%5c|%25|25|2e|;|[a-c]){0,12}", times in 0..3_usize
        ) {
            let path = format!("/api/{tail}");
            if let Some(rest) = checked_path(&path, "/api") {
                let read = decoded(rest, times);
                let climbs = read.split(['/', '\\'])
                    .any(|segment| matches!(segment.split(';').next(), Some("." | "..")));
                proptest::prop_assert!(!climbs, "{} read as {}", path, read);
            }
        }
    }
}
