use std::{
    fmt,
    hash::{Hash, Hasher},
};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::constant_time_eq;

/// A SHA-256 hash, or a MAC of the same length. Compared in constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

/// The text is not the base64url form of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: expected 43 characters of base64url")]
pub struct DigestError;

impl Digest {
    /// Hashes `data` with SHA-256.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        Self::from_slice(digest::digest(&digest::SHA256, data).as_ref())
    }

    /// Wraps an existing hash, as read from the store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 43 characters of base64url, without padding.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`Digest::to_text`] wrote, and no other spelling of it.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_text(text: &str) -> Result<Self, DigestError> {
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(DigestError),
        }
    }

    /// For outputs of SHA-256 and HMAC-SHA256, which have 32 bytes.
    pub(crate) fn from_slice(output: &[u8]) -> Self {
        Self(crate::impossible::or_abort(
            output.try_into().map_err(|_| aws_lc_rs::error::Unspecified),
        ))
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl Eq for Digest {}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Digest {
    /// Eight hexadecimal digits: enough to distinguish two in a log, too few to use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(")?;
        for byte in self.0.iter().take(4) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("…)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Digest, DigestError};

    #[test]
    fn it_is_sha_256() {
        // FIPS 180-4, the one-block example "abc".
        assert_eq!(
            Digest::of(b"abc").to_text(),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
        );
    }

    #[test]
    fn text_round_trips_and_has_one_spelling() {
        let digest = Digest::of(b"abc");
        assert_eq!(Digest::from_text(&digest.to_text()), Ok(digest));
        for text in [
            "",
            "abc",
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa1", // stray bits at the end
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0A",
        ] {
            assert_eq!(Digest::from_text(text), Err(DigestError), "{text}");
        }
    }

    #[test]
    fn debug_shows_only_the_beginning() {
        assert_eq!(format!("{:?}", Digest::of(b"abc")), "Digest(ba7816bf…)");
    }
}
