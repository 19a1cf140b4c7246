//! A short id for each request, the same in header, problem document, error page and log.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::extract::FromRequestParts;
use http::{HeaderName, HeaderValue, request::Parts};

use super::problem::Problem;

/// The response header that carries the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const LENGTH: usize = 12;

/// Crockford's alphabet in lower case, without i, l, o, u, so that an id can be read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Twelve characters that identify one request.
///
/// It is an identifier, not a secret: it must not grant anything.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; LENGTH]);

impl RequestId {
    /// The id of the low 60 bits of `bits`.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        let mut text = [b'0'; LENGTH];
        let mut rest = bits;
        for place in text.iter_mut().rev() {
            let digit = usize::try_from(rest & 31).unwrap_or_default();
            *place = ALPHABET.get(digit).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        Self(text)
    }

    /// The twelve characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The id as the value of [`HEADER`].
    #[must_use]
    pub fn header_value(self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(&self.0).ok()
    }

    /// Parses an id.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let id: [u8; LENGTH] = text.try_into().ok()?;
        id.iter().all(|c| ALPHABET.contains(c)).then_some(Self(id))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts
            .extensions
            .get::<Self>()
            .copied()
            .ok_or_else(Problem::internal)
    }
}

/// Generates request ids: a counter from a random start, mixed so that successive ids look unrelated.
#[derive(Debug)]
pub struct RequestIds(AtomicU64);

impl RequestIds {
    /// Ids from a random start.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        RequestId::from_bits(mix(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// A bijection of 64 bits (the finalizer of SplitMix64), so that ids do not repeat soon.
fn mix(count: u64) -> u64 {
    let mut bits = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_id_has_twelve_unambiguous_characters() {
        let ids = RequestIds::new(7);
        for _ in 0..1000 {
            let id = ids.next();
            assert_eq!(id.as_str().len(), 12);
            assert!(id.as_str().chars().all(|c| c.is_ascii_alphanumeric()));
            assert!(!id.as_str().contains(['i', 'l', 'o', 'u']));
        }
    }

    #[test]
    fn the_most_significant_bits_come_first() {
        assert_eq!(RequestId::from_bits(0).as_str(), "000000000000");
        assert_eq!(RequestId::from_bits(33).as_str(), "000000000011");
        assert_eq!(RequestId::from_bits(u64::MAX).as_str(), "zzzzzzzzzzzz");
    }

    #[test]
    fn only_well_formed_ids_are_parsed() {
        let id = RequestIds::new(9).next();
        assert_eq!(RequestId::parse(id.as_str().as_bytes()), Some(id));
        for odd in [
            "",
            "00000000000",
            "0000000000000",
            "00000000000i",
            "0000000000\r\n",
        ] {
            assert_eq!(RequestId::parse(odd.as_bytes()), None, "{odd:?}");
        }
    }

    #[test]
    fn ids_do_not_repeat() {
        let ids = RequestIds::new(u64::MAX - 50);
        let seen: HashSet<_> = (0..100_000).map(|_| ids.next()).collect();
        assert_eq!(seen.len(), 100_000);
    }

    #[test]
    fn another_seed_gives_other_ids() {
        assert_ne!(RequestIds::new(1).next(), RequestIds::new(2_000_000).next());
    }
}
