use aws_lc_rs::hkdf;
use base64::{
    Engine as _, alphabet,
    engine::general_purpose::{GeneralPurpose, PAD_INDIFFERENT, URL_SAFE_NO_PAD},
};

use crate::{Entropy, Secret, impossible::or_abort};

const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, PAD_INDIFFERENT);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PAD_INDIFFERENT);
const SALT: &[u8] = b"cardea master key v1";

/// The operator's key of 32 bytes. All other keys are derived from it; it encrypts nothing itself.
#[derive(Clone)]
pub struct MasterKey(Secret<[u8; 32]>);

/// A key derived from the [`MasterKey`] for one purpose, issuer and epoch.
#[derive(Clone)]
pub struct DerivedKey(Secret<[u8; 32]>);

/// Why a master key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// The text is empty.
    #[error("the master key is empty")]
    Empty,
    /// Neither hexadecimal nor base64.
    #[error("the master key is neither hexadecimal nor base64 nor base64url")]
    Encoding,
    /// Of another length.
    #[error("the master key must have exactly 32 bytes, this one has {0}")]
    Length(usize),
}

impl MasterKey {
    /// Reads 32 bytes as 64 hexadecimal digits, base64 or base64url; white space around it is dropped.
    ///
    /// # Errors
    /// When the text is empty, in another encoding, or another number of bytes.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(MasterKeyError::Empty);
        }
        if let Some(bytes) = from_hex(text) {
            return Ok(Self(bytes));
        }
        let bytes = URL_SAFE
            .decode(text)
            .or_else(|_| STANDARD.decode(text))
            .map(Secret::new)
            .map_err(|_| MasterKeyError::Encoding)?;
        if bytes.expose().len() != 32 {
            return Err(MasterKeyError::Length(bytes.expose().len()));
        }
        let mut key = Secret::new([0; 32]);
        key.expose_mut().copy_from_slice(bytes.expose());
        Ok(Self(key))
    }

    /// Makes a new one.
    #[must_use]
    pub fn generate(entropy: &Entropy) -> Self {
        Self(Secret::new(entropy.bytes()))
    }

    /// The form in which the operator keeps it: 43 characters of base64url.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(self.0.expose()))
    }

    /// Derives a key by HKDF-SHA256 (RFC 5869). Another purpose, issuer or epoch gives an unrelated key.
    #[must_use]
    pub fn derive(&self, purpose: &'static str, issuer: &str, epoch: u32) -> DerivedKey {
        let info = [
            // Lengths first, so that no byte can move from the purpose to the issuer.
            &(purpose.len() as u64).to_be_bytes(),
            purpose.as_bytes(),
            &(issuer.len() as u64).to_be_bytes(),
            issuer.as_bytes(),
            &epoch.to_be_bytes(),
        ];
        let mut key = Secret::new([0; 32]);
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT)
            .extract(self.0.expose())
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|material| material.fill(key.expose_mut()));
        or_abort(derived);
        DerivedKey(key)
    }
}

impl DerivedKey {
    /// The 32 bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

/// 64 hexadecimal digits; any other text is left to base64.
fn from_hex(text: &str) -> Option<Secret<[u8; 32]>> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = Secret::new([0; 32]);
    for (byte, pair) in bytes
        .expose_mut()
        .iter_mut()
        .zip(text.as_bytes().chunks_exact(2))
    {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            *byte = (*byte << 4) | u8::try_from(value).ok()?;
        }
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::{MasterKey, MasterKeyError};
    use crate::Entropy;

    const HEX: &str = "fbff00112233445566778899aabbccddeeff00112233445566778899aabbccdd";

    #[test]
    fn every_encoding_reads_as_the_same_key() {
        let expected = MasterKey::parse(HEX).unwrap();
        for text in [
            "-_8AESIzRFVmd4iZqrvM3e7_ABEiM0RVZneImaq7zN0",
            "-_8AESIzRFVmd4iZqrvM3e7_ABEiM0RVZneImaq7zN0=",
            "+/8AESIzRFVmd4iZqrvM3e7/ABEiM0RVZneImaq7zN0=",
            "\n +/8AESIzRFVmd4iZqrvM3e7/ABEiM0RVZneImaq7zN0 \r\n",
            &HEX.to_uppercase(),
        ] {
            let key = MasterKey::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(key.0.expose(), expected.0.expose(), "{text}");
        }
        assert_eq!(
            expected.to_text().expose(),
            "-_8AESIzRFVmd4iZqrvM3e7_ABEiM0RVZneImaq7zN0"
        );
    }

    #[test]
    fn short_long_and_unreadable_keys_are_refused() {
        let refused = |text: &str| MasterKey::parse(text).err().unwrap();
        assert_eq!(refused(" \n"), MasterKeyError::Empty);
        assert_eq!(
            refused("correct horse battery staple"),
            MasterKeyError::Encoding
        );
        assert_eq!(refused("AAAA"), MasterKeyError::Length(3));
        assert_eq!(refused(&"A".repeat(64)[..60]), MasterKeyError::Length(45));
        assert_eq!(refused(&format!("{HEX}00")), MasterKeyError::Encoding);
    }

    #[test]
    fn a_generated_key_reads_back() {
        let key = MasterKey::generate(&Entropy::seeded(1));
        let again = MasterKey::parse(key.to_text().expose()).unwrap();
        assert_eq!(key.0.expose(), again.0.expose());
    }

    #[test]
    fn derived_keys_never_change() {
        // Computed by another implementation of HKDF. A change here would make everything sealed unreadable.
        let key = MasterKey::parse(HEX)
            .unwrap()
            .derive("ticket", "https://a", 1);
        let expected = URL_SAFE_NO_PAD
            .decode("Fy7pvSdneHWMsYw9SXd-odu5wOIrIrMZ5qyXrw_ZvTg")
            .unwrap();
        assert_eq!(key.expose().as_slice(), expected);
    }

    #[test]
    fn purpose_issuer_and_epoch_separate_keys() {
        let key = MasterKey::parse(HEX).unwrap();
        let base = key.derive("ticket", "https://a", 1);
        assert_eq!(base.expose(), key.derive("ticket", "https://a", 1).expose());
        for other in [
            key.derive("cookie", "https://a", 1),
            key.derive("ticket", "https://b", 1),
            key.derive("ticket", "https://a", 2),
            key.derive("tickethttps", "://a", 1),
            MasterKey::generate(&Entropy::seeded(2)).derive("ticket", "https://a", 1),
        ] {
            assert_ne!(base.expose(), other.expose());
        }
    }
}
