//! `application/x-www-form-urlencoded`, read strictly.

use super::body::FormError;

/// The encoded names and values.
pub(super) fn parts(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut ends = memchr::memchr_iter(b'&', bytes).chain([bytes.len()]);
    let mut begin = 0;
    std::iter::from_fn(move || {
        let part = bytes.get(begin..ends.next()?)?;
        begin += part.len() + 1;
        Some(part)
    })
    .filter(|part| !part.is_empty())
    .map(|part| {
        let (name, value) = match memchr::memchr(b'=', part) {
            Some(at) => part.split_at(at),
            None => (part, &b""[..]),
        };
        (name, value.strip_prefix(b"=").unwrap_or(value))
    })
}

/// Strict, where most decoders replace what they cannot decode: a request that two servers read differently
/// can be an attack.
pub(super) fn decode(encoded: &[u8]) -> Result<String, FormError> {
    if memchr::memchr2(b'+', b'%', encoded).is_none() {
        let plain = std::str::from_utf8(encoded).map_err(|_| FormError::Encoding)?;
        return Ok(plain.to_owned());
    }
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = bytes.next().and_then(hex).ok_or(FormError::Encoding)?;
                let low = bytes.next().and_then(hex).ok_or(FormError::Encoding)?;
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(decoded).map_err(|_| FormError::Encoding)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
