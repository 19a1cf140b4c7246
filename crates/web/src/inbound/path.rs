//! The rule for request paths: a path that two servers could read differently is refused.

use std::borrow::Cow;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// It does not begin with a slash.
    #[error("the path does not begin with a slash")]
    NoSlash,
    /// It has an empty segment.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// It has a segment `.` or `..`.
    #[error("the path has a dot segment")]
    Dots,
    /// It has an encoded slash, or a backslash.
    #[error("the path has an encoded slash or backslash")]
    HiddenSlash,
    /// It has a control character.
    #[error("the path has a control character")]
    Control,
    /// It has a percent sign without two hex digits.
    #[error("the path has a percent sign without two hex digits")]
    Encoding,
    /// It has a character that must be percent-encoded.
    #[error("the path has a character that must be percent-encoded")]
    Raw,
    /// It is percent-encoded twice.
    #[error("the path is encoded twice")]
    Twice,
    /// It has an overlong UTF-8 sequence.
    #[error("the path has an overlong UTF-8 sequence")]
    Overlong,
}

/// The path as an upstream will read it, decoded where it was encoded. Segments are the same before and after.
///
/// # Errors
/// When two servers could read the path differently.
pub fn read(raw: &str) -> Result<Cow<'_, str>, BadPath> {
    if !raw.starts_with('/') {
        return Err(BadPath::NoSlash);
    }
    let bytes = raw.as_bytes();
    let plain = |byte: &u8| matches!(byte, 0x21..=0x7e) && !matches!(byte, b'\\' | b'%');
    let decoded = match bytes.iter().all(plain) {
        true => Cow::Borrowed(raw),
        false => Cow::Owned(decode(bytes)?),
    };
    segments(&decoded)?;
    Ok(decoded)
}

fn decode(raw: &[u8]) -> Result<String, BadPath> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let byte = pair(&mut bytes)?;
                match refused(byte) {
                    Some(why) => return Err(why),
                    None => byte,
                }
            }
            b'\\' => return Err(BadPath::HiddenSlash),
            0x21..=0x7e => byte,
            _ => return Err(BadPath::Raw),
        });
    }
    if hides_more(&decoded) {
        return Err(BadPath::Twice);
    }
    if is_overlong(&decoded) {
        return Err(BadPath::Overlong);
    }
    // Other bytes that are no UTF-8 stand for themselves to some upstreams; they match no prefix, and that is all that matters here.
    Ok(String::from_utf8_lossy(&decoded).into_owned())
}

fn pair(bytes: &mut impl Iterator<Item = u8>) -> Result<u8, BadPath> {
    let high = bytes.next().and_then(hex).ok_or(BadPath::Encoding)?;
    let low = bytes.next().and_then(hex).ok_or(BadPath::Encoding)?;
    Ok(high << 4 | low)
}

/// Bytes that have another meaning once they are decoded.
fn refused(byte: u8) -> Option<BadPath> {
    match byte {
        b'/' | b'\\' => Some(BadPath::HiddenSlash),
        0..=0x1f | 0x7f => Some(BadPath::Control),
        _ => None,
    }
}

/// Whether a server that decodes again would read another path.
fn hides_more(decoded: &[u8]) -> bool {
    let mut rest = decoded.iter().copied();
    while let Some(byte) = rest.next() {
        if byte == b'%' && pair(&mut rest.clone()).is_ok() {
            return true;
        }
    }
    false
}

/// RFC 3629 §3: a character in more bytes than needed. Lenient decoders accept a dot or a slash in that form.
fn is_overlong(decoded: &[u8]) -> bool {
    decoded.windows(2).any(|pair| {
        matches!(
            pair,
            [0xc0 | 0xc1, 0x80..=0xbf]
                | [0xe0, 0x80..=0x9f]
                | [0xf0, 0x80..=0x8f]
                // RFC 2279 §2 had five and six bytes.
                | [0xf8, 0x80..=0x87]
                | [0xfc, 0x80..=0x83]
        )
    })
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

fn segments(path: &str) -> Result<(), BadPath> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    // One slash at the end is allowed. Some servers merge two slashes and others do not.
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() {
        return match path {
            "/" => Ok(()),
            _ => Err(BadPath::EmptySegment),
        };
    }
    for segment in inner.split('/') {
        // Some servers cut parameters off a segment (`/..;x/`) before they resolve it.
        let name = segment.split(';').next().unwrap_or_default();
        match name {
            "" => return Err(BadPath::EmptySegment),
            "." | ".." => return Err(BadPath::Dots),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_are_accepted_unchanged() {
        for path in [
            "/",
            "/a",
            "/a/",
            "/a/b.c/d",
            "/a/.well-known/x",
            "/...",
            "/a;v=1/b",
            "/@a/~b:c",
        ] {
            assert!(
                matches!(read(path), Ok(Cow::Borrowed(same)) if same == path),
                "{path}"
            );
        }
        assert_eq!(read("/%61dmin/%7Ea%20b").unwrap(), "/admin/~a b");
        assert_eq!(read("/caf%C3%A9").unwrap(), "/café");
        assert_eq!(read("/100%25").unwrap(), "/100%");
        assert!(read("/%e9t%e9").is_ok() && read("/%F0%9F%8C%8D%E2%82%AC").is_ok());
    }

    #[test]
    fn what_two_servers_could_read_differently_is_refused() {
        for (path, why) in [
            ("", BadPath::NoSlash),
            ("*", BadPath::NoSlash),
            ("//", BadPath::EmptySegment),
            ("//evil.test", BadPath::EmptySegment),
            ("/a//b", BadPath::EmptySegment),
            ("/a//", BadPath::EmptySegment),
            ("/a/;x/b", BadPath::EmptySegment),
            ("/a/../b", BadPath::Dots),
            ("/a/.", BadPath::Dots),
            ("/a/..", BadPath::Dots),
            ("/a/%2e%2E/b", BadPath::Dots),
            ("/a/.%2e/b", BadPath::Dots),
            ("/a/..;x=1/b", BadPath::Dots),
            ("/a/..%3bx/b", BadPath::Dots),
            ("/a%2fb", BadPath::HiddenSlash),
            ("/a%5Cb", BadPath::HiddenSlash),
            ("/a\\b", BadPath::HiddenSlash),
            ("/a%00b", BadPath::Control),
            ("/a%0d%0aX:%20y", BadPath::Control),
            ("/a%7f", BadPath::Control),
            ("/a%", BadPath::Encoding),
            ("/a%2", BadPath::Encoding),
            ("/a%zz", BadPath::Encoding),
            ("/é", BadPath::Raw),
            ("/a%252e%252e/b", BadPath::Twice),
            ("/a%252fb", BadPath::Twice),
            ("/a%25%32%66b", BadPath::Twice),
            ("/a/%c0%ae%c0%ae/b", BadPath::Overlong),
            ("/a%c1%9cb", BadPath::Overlong),
            ("/a%e0%80%afb", BadPath::Overlong),
            ("/a%f0%80%80%afb", BadPath::Overlong),
            ("/a/%f8%80%80%80%ae/b", BadPath::Overlong),
            ("/a%fc%80%80%80%80%afb", BadPath::Overlong),
            ("/a%25c0%25aeb", BadPath::Twice),
            ("/..%253bx/a", BadPath::Twice),
            ("/%2561dmin", BadPath::Twice),
            ("/a%2500", BadPath::Twice),
            ("/a/%u002e/b", BadPath::Encoding),
            ("/a\tb", BadPath::Raw),
            ("/a b", BadPath::Raw),
        ] {
            assert_eq!(read(path).map(Cow::into_owned), Err(why), "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_accepted_path_has_no_dot_segments(raw in "/[a-z./%0-9;]{0,24}") {
            if let Ok(path) = read(&raw) {
                proptest::prop_assert!(!path.split('/').any(|segment| segment == ".."));
                proptest::prop_assert_eq!(path.matches('/').count(), raw.matches('/').count());
            }
        }
    }
}
