//! Which paths are handed on.

/// The path behind the prefix. `None` when servers could disagree about which path it is.
pub(super) fn checked_path<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    let segments = rest.strip_prefix('/')?;
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    let plain = segments.is_empty() || segments.split('/').all(is_plain_segment);
    plain.then_some(rest)
}

/// Neither a step up or in place, nor a hidden separator, nor broken encoding; nor any of them for who decodes twice.
fn is_plain_segment(segment: &str) -> bool {
    let Some(decoded) = decode(segment.as_bytes()) else {
        return false;
    };
    // Some servers cut what stands behind a semicolon before they look for dots.
    let name = decoded.split(|byte| *byte == b';').next();
    !matches!(name.unwrap_or_default(), b"" | b"." | b"..") && !hides_more(&decoded)
}

/// Without its encoding. `None` when that is broken or hides what no segment has.
fn decode(segment: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.iter().copied();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => pair(&mut bytes)?,
            byte => byte,
        };
        if is_never_plain(byte) {
            return None;
        }
        decoded.push(byte);
    }
    Some(decoded)
}

fn is_never_plain(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\' | 0x00..=0x1f | 0x7f)
}

/// Whether a server that decodes once more would find dots, separators, or something to decode again.
fn hides_more(decoded: &[u8]) -> bool {
    let mut bytes = decoded.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == b'%'
            && let Some(again) = pair(&mut bytes.clone())
            && (matches!(again, b'.' | b'%') || is_never_plain(again))
        {
            return true;
        }
    }
    false
}

fn pair(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let (high, low) = (bytes.next().and_then(hex)?, bytes.next().and_then(hex)?);
    Some(high << 4 | low)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::{checked_path, pair};

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
    fn what_could_leave_the_prefix_is_refused() {
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
                let pair = (byte == b'%').then(|| pair(&mut rest.clone())).flatten();
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
