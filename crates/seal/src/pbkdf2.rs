//! PBKDF2 (RFC 8018 §5.2), to check hashes that other systems made.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;

/// The pseudorandom function of PBKDF2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pbkdf2 {
    /// HMAC-SHA-1.
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

impl Pbkdf2 {
    /// The bytes of one block of output. Each block takes all iterations.
    #[must_use]
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// Fills `output`.
    pub fn derive(self, iterations: NonZeroU32, salt: &[u8], password: &[u8], output: &mut [u8]) {
        let algorithm = match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        pbkdf2::derive(algorithm, iterations, salt, password, output);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// RFC 6070 §2, and RFC 7914 §11.
    #[test]
    fn pbkdf2_derives_the_published_keys() {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let mut output = [0; 20];
        let iterations = NonZeroU32::new(4096).unwrap();
        Pbkdf2::Sha1.derive(iterations, b"salt", b"password", &mut output);
        assert_eq!(hex(&output), "4b007901b765489abead49d926f721d065a429c1");
        let mut output = [0; 64];
        let iterations = NonZeroU32::new(80_000).unwrap();
        Pbkdf2::Sha256.derive(iterations, b"NaCl", b"Password", &mut output);
        assert_eq!(
            hex(&output),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56\
             a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"
        );
    }
}
