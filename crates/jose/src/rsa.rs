//! The numbers of an RSA public key and their requirements.

use crate::{KeyError, base64url};

const MIN_BITS: usize = 2048;
const MAX_BITS: usize = 8192;

/// Modulus and exponent, big-endian, without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RsaNumbers {
    pub(crate) n: Vec<u8>,
    pub(crate) e: Vec<u8>,
}

impl RsaNumbers {
    /// RFC 7518 §6.3.1.1 forbids leading zero octets and warns that libraries write them nevertheless; they are dropped, so
    /// that a key has one thumbprint.
    pub(crate) fn from_text(n: Option<&str>, e: Option<&str>) -> Result<Self, KeyError> {
        Ok(Self {
            n: number("n", n)?,
            e: number("e", e)?,
        })
    }

    pub(crate) fn from_big_endian(n: &[u8], e: &[u8]) -> Self {
        Self {
            n: without_leading_zeros(n).to_vec(),
            e: without_leading_zeros(e).to_vec(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), KeyError> {
        // RFC 7518 §3.3: at least 2048 bits. The upper bound limits the cost of verification.
        let bits = bit_length(&self.n);
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(KeyError::RsaSize(bits));
        }
        let is_odd = self.e.last().is_some_and(|byte| byte % 2 == 1);
        if !is_odd || self.e == [1] || self.e.len() > 4 {
            return Err(KeyError::RsaExponent);
        }
        if has_roca_fingerprint(&self.n) {
            return Err(KeyError::RsaFactorable);
        }
        Ok(())
    }
}

fn number(name: &'static str, text: Option<&str>) -> Result<Vec<u8>, KeyError> {
    let text = text.ok_or(KeyError::Missing(name))?;
    let bytes = base64url::decode(text).ok_or(KeyError::Encoding(name))?;
    let digits = without_leading_zeros(&bytes);
    if digits.is_empty() {
        return Err(KeyError::Encoding(name));
    }
    Ok(digits.to_vec())
}

fn without_leading_zeros(mut bytes: &[u8]) -> &[u8] {
    while let Some((0, rest)) = bytes.split_first() {
        bytes = rest;
    }
    bytes
}

fn bit_length(n: &[u8]) -> usize {
    match n.first() {
        Some(first) => n.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}

/// CVE-2017-15361: the generator made primes that are powers of 65537 modulo a product of small primes, so the modulus is
/// such a power too, modulo each of them. By chance that happens to one key in more than a hundred million.
fn has_roca_fingerprint(n: &[u8]) -> bool {
    /// Those small primes modulo which not nearly everything is a power of 65537.
    const PRIMES: [u32; 17] = [
        11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
    ];
    PRIMES.iter().all(|prime| {
        let remainder = n
            .iter()
            .fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        (0..*prime).any(|_| {
            power = power * 65537 % prime;
            power == remainder
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::RsaNumbers;
    use crate::{KeyError, base64url};

    fn check(bits: usize, e: &[u8]) -> Result<(), KeyError> {
        let mut n = vec![0xff; bits.div_ceil(8)];
        if !bits.is_multiple_of(8) {
            *n.first_mut().unwrap() = (1 << (bits % 8)) - 1;
        }
        RsaNumbers { n, e: e.to_vec() }.check()
    }

    #[test]
    fn size_is_bounded_on_both_sides() {
        assert_eq!(check(2047, &[1, 0, 1]), Err(KeyError::RsaSize(2047)));
        assert_eq!(check(2048, &[1, 0, 1]), Ok(()));
        assert_eq!(check(8192, &[1, 0, 1]), Ok(()));
        assert_eq!(check(8193, &[1, 0, 1]), Err(KeyError::RsaSize(8193)));
    }

    #[test]
    fn weak_exponents_are_refused() {
        for e in [&[1][..], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1], &[]] {
            assert_eq!(check(2048, e), Err(KeyError::RsaExponent), "{e:?}");
        }
        assert_eq!(check(2048, &[3]), Ok(()));
    }

    #[test]
    fn leading_zeros_are_dropped() {
        let n = base64url::encode(&[0, 0, 7]);
        let numbers = RsaNumbers::from_text(Some(&n), Some("AAEAAQ")).unwrap();
        assert_eq!((numbers.n, numbers.e), (vec![7], vec![1, 0, 1]));
        let zero = RsaNumbers::from_text(Some("AAAA"), Some("AQAB"));
        assert_eq!(zero, Err(KeyError::Encoding("n")));
    }
}
