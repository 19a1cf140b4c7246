//! The host of a request: RFC 9112 §3.2, RFC 9113 §8.3.1.

use http::{HeaderValue, Request, Version, header::HOST, uri::Authority};

/// Why the host of a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HostError {
    /// There is no `Host`.
    #[error("the request has no Host header")]
    Missing,
    /// There are several.
    #[error("the request has more than one Host header")]
    Several,
    /// It is not a host with an optional port.
    #[error("the Host header is not a valid host")]
    Invalid,
    /// `:authority` and `Host` differ.
    #[error("the authority and the Host header of the request differ")]
    Differs,
}

/// Checks that a request names exactly one valid host.
///
/// # Errors
/// When the request must be answered with 400.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), HostError> {
    let mut lines = request.headers().get_all(HOST).iter();
    let line = lines.next().map(HeaderValue::as_bytes);
    if lines.next().is_some() {
        return Err(HostError::Several);
    }
    let target = request.uri().authority().map(Authority::as_str);
    match (line, target) {
        (Some(line), _) if !is_valid(line) => Err(HostError::Invalid),
        (None, Some(target)) if !is_valid(target.as_bytes()) => Err(HostError::Invalid),
        // RFC 9113 §8.3.1. RFC 9112 §3.2.2: in HTTP/1.1 the target of a request overrides the field.
        (Some(line), Some(target))
            if request.version() == Version::HTTP_2
                && !line.eq_ignore_ascii_case(target.as_bytes()) =>
        {
            Err(HostError::Differs)
        }
        (None, _) if request.extensions().get::<Missing>().is_some() => Err(HostError::Missing),
        _ => Ok(()),
    }
}

/// Marks a request without a host. Only requests from a connection need one, not those within the process.
#[derive(Clone, Copy)]
struct Missing;

/// Marks a request from a connection when it lacks the required host.
pub(super) fn mark_missing<B>(request: &mut Request<B>) {
    let is_missing = match request.version() {
        Version::HTTP_09 | Version::HTTP_10 => false,
        // RFC 9112 §3.2: also beside a target with an authority.
        Version::HTTP_11 => !request.headers().contains_key(HOST),
        _ => request.uri().authority().is_none() && !request.headers().contains_key(HOST),
    };
    if is_missing {
        request.extensions_mut().insert(Missing);
    }
}

/// RFC 9110 §7.2: `uri-host [ ":" port ]`. RFC 9110 §4.2.1: the host of an http URI is not empty.
fn is_valid(host: &[u8]) -> bool {
    let (name, port) = match host.strip_prefix(b"[") {
        Some(rest) => match memchr::memchr(b']', rest) {
            Some(end) => {
                let (inside, after) = rest.split_at(end);
                if !is_ip_literal(inside) {
                    return false;
                }
                (None, after.strip_prefix(b"]").unwrap_or_default())
            }
            None => return false,
        },
        None => {
            let end = memchr::memchr(b':', host).unwrap_or(host.len());
            let (name, port) = host.split_at(end);
            (Some(name), port)
        }
    };
    name.is_none_or(is_reg_name) && is_port(port)
}

/// RFC 3986 §3.2.2, without zone identifiers. `IPvFuture` has no use yet.
fn is_ip_literal(inside: &[u8]) -> bool {
    let text = std::str::from_utf8(inside);
    text.is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

/// RFC 3986 §3.2.2: `reg-name`, which includes IPv4 addresses.
fn is_reg_name(name: &[u8]) -> bool {
    let mut rest = name.iter();
    while let Some(byte) = rest.next() {
        let is_good = match byte {
            b'%' => {
                let mut digit = || rest.next().is_some_and(u8::is_ascii_hexdigit);
                digit() && digit()
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => true,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' => true,
            b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
            _ => false,
        };
        if !is_good {
            return false;
        }
    }
    !name.is_empty()
}

fn is_port(rest: &[u8]) -> bool {
    let Some(digits) = rest.strip_prefix(b":") else {
        return rest.is_empty();
    };
    let text = std::str::from_utf8(digits).unwrap_or("?");
    // RFC 3986 §3.2.3: a port may be empty.
    text.is_empty()
        || (text.bytes().all(|digit| digit.is_ascii_digit()) && text.parse::<u16>().is_ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn request(version: Version, uri: &str, hosts: &[&[u8]]) -> Request<()> {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(HOST, HeaderValue::from_bytes(host).unwrap());
        }
        let mut request = request.body(()).unwrap();
        mark_missing(&mut request);
        request
    }

    #[test]
    fn b9_http_1_1_needs_exactly_one_valid_host() {
        let check = |hosts: &[&[u8]]| check(&request(Version::HTTP_11, "/", hosts));
        assert_eq!(check(&[]), Err(HostError::Missing));
        assert_eq!(check(&[b"a", b"a"]), Err(HostError::Several));
        assert_eq!(check(&[b"a", b"b"]), Err(HostError::Several));
        for good in [
            b"a".as_slice(),
            b"id.example.com",
            b"ID.Example.com:443",
            b"a:",
            b"127.0.0.1:9000",
            b"[::1]",
            b"[2001:db8::1]:8443",
            b"xn--mnchen-3ya.de",
            b"a_b.example",
            b"a%20b",
        ] {
            assert_eq!(check(&[good]), Ok(()), "{good:?}");
        }
        for bad in [
            b"".as_slice(),
            b":80",
            b"a b",
            b"a, b",
            b"a/b",
            b"a\\b",
            b"user@a",
            b"http://a",
            b"a?b",
            b"a#b",
            b"a:b",
            b"a:65536",
            b"a:+1",
            b"a:80:80",
            b"::1",
            b"[::1",
            b"[::1]x",
            b"[a]",
            b"[]",
            b"[fe80::1%25eth0]",
            b"a%2",
            b"a%zz",
            b"a\tb",
            b"m\xc3\xbcnchen.de",
            b"a\xff",
            b"<a>",
        ] {
            assert_eq!(check(&[bad]).map_err(|_| ()), Err(()), "{bad:?}");
        }
    }

    #[test]
    fn b9_other_versions_follow_their_own_rules() {
        let target = "http://a.example/";
        assert_eq!(check(&request(Version::HTTP_10, "/", &[])), Ok(()));
        let several = check(&request(Version::HTTP_10, "/", &[b"a", b"b"]));
        assert_eq!(several, Err(HostError::Several));
        let missing = check(&request(Version::HTTP_11, target, &[]));
        assert_eq!(missing, Err(HostError::Missing));
        // RFC 9112 §3.2.2
        assert_eq!(
            check(&request(Version::HTTP_11, target, &[b"b.example"])),
            Ok(())
        );
        assert_eq!(check(&request(Version::HTTP_2, target, &[])), Ok(()));
        assert_eq!(
            check(&request(Version::HTTP_2, target, &[b"A.example"])),
            Ok(())
        );
        let differs = check(&request(Version::HTTP_2, target, &[b"b.example"]));
        assert_eq!(differs, Err(HostError::Differs));
        assert_eq!(
            check(&request(Version::HTTP_2, "/", &[])),
            Err(HostError::Missing)
        );
        assert_eq!(check(&request(Version::HTTP_2, "/", &[b"a"])), Ok(()));
    }

    #[test]
    fn b9_a_call_within_the_process_needs_no_host() {
        let request = Request::builder().uri("/").body(()).unwrap();
        assert_eq!(check(&request), Ok(()));
    }
}
