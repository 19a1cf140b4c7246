use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{MasterKey, Secret, impossible::or_abort};

const VERSION: u8 = 1;
const EPOCH_LEN: usize = 4;
const HEAD_LEN: usize = 1 + EPOCH_LEN + NONCE_LEN;
const TAG_LEN: usize = 16;

/// Encrypts and authenticates for one purpose, issuer and epoch, with AES-256-GCM-SIV (RFC 8452), which tolerates
/// a repeated nonce.
///
/// A seal is `version (1) · epoch (4) · nonce (12) · ciphertext and tag`.
pub struct Sealer {
    key: LessSafeKey,
    epoch: u32,
    /// Version, purpose, issuer and epoch; the context follows.
    associated_prefix: Vec<u8>,
}

/// Why a seal didn't open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Too short, or not base64url.
    #[error("not a seal")]
    Malformed,
    /// Of an unknown format version.
    #[error("seal of unknown version {0}")]
    Version(u8),
    /// Made under the key of another epoch.
    #[error("sealed in epoch {0}, which is not this key's")]
    Epoch(u32),
    /// Another key, purpose, issuer or context, or modified.
    #[error("the seal does not verify: another key, another context, or modified")]
    Forged,
}

impl Sealer {
    /// Derives the key for one purpose, issuer and epoch.
    #[must_use]
    pub fn new(master: &MasterKey, purpose: &'static str, issuer: &str, epoch: u32) -> Self {
        let derived = master.derive(purpose, issuer, epoch);
        let key = or_abort(UnboundKey::new(&AES_256_GCM_SIV, derived.expose()));
        let mut associated_prefix = vec![VERSION];
        push_part(&mut associated_prefix, purpose.as_bytes());
        push_part(&mut associated_prefix, issuer.as_bytes());
        associated_prefix.extend_from_slice(&epoch.to_be_bytes());
        Self {
            key: LessSafeKey::new(key),
            epoch,
            associated_prefix,
        }
    }

    /// Seals. The `context` is not stored; opening needs the same one.
    #[must_use]
    pub fn seal(&self, plaintext: &[u8], context: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        or_abort(rand::fill(&mut nonce));

        let mut sealed = Vec::with_capacity(HEAD_LEN + plaintext.len() + TAG_LEN);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.epoch.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);

        let (_, body) = sealed.split_at_mut(HEAD_LEN);
        let tag = or_abort(self.key.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            self.associated_data(context),
            body,
        ));
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what [`Sealer::seal`] made with the same key and context.
    ///
    /// # Errors
    /// When it isn't such a seal.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        if sealed.len() < HEAD_LEN + TAG_LEN {
            return Err(OpenError::Malformed);
        }
        let (version, rest) = sealed.split_first().ok_or(OpenError::Malformed)?;
        let (epoch, rest) = rest
            .split_first_chunk::<EPOCH_LEN>()
            .ok_or(OpenError::Malformed)?;
        let (nonce, body) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(OpenError::Malformed)?;
        if *version != VERSION {
            return Err(OpenError::Version(*version));
        }
        let epoch = u32::from_be_bytes(*epoch);
        if epoch != self.epoch {
            return Err(OpenError::Epoch(epoch));
        }

        let mut body = body.to_vec();
        let opened_len = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                self.associated_data(context),
                &mut body,
            )
            .map_err(|_| OpenError::Forged)?
            .len();
        body.truncate(opened_len);
        Ok(Secret::new(body))
    }

    /// [`Sealer::seal`] in base64url, for a URL, a cookie or a form.
    #[must_use]
    pub fn seal_text(&self, plaintext: &[u8], context: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.seal(plaintext, context))
    }

    /// Opens what [`Sealer::seal_text`] made, and no other spelling of it.
    ///
    /// # Errors
    /// When it isn't such a seal.
    pub fn open_text(&self, sealed: &str, context: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let sealed = URL_SAFE_NO_PAD
            .decode(sealed)
            .map_err(|_| OpenError::Malformed)?;
        self.open(&sealed, context)
    }

    fn associated_data(&self, context: &[u8]) -> Aad<Vec<u8>> {
        let mut data = Vec::with_capacity(self.associated_prefix.len() + 8 + context.len());
        data.extend_from_slice(&self.associated_prefix);
        push_part(&mut data, context);
        Aad::from(data)
    }
}

/// Length first, so that no byte can move from one part to the next.
fn push_part(data: &mut Vec<u8>, part: &[u8]) {
    data.extend_from_slice(&(part.len() as u64).to_be_bytes());
    data.extend_from_slice(part);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::{OpenError, Sealer};
    use crate::{Entropy, MasterKey};

    fn master() -> MasterKey {
        MasterKey::generate(&Entropy::seeded(1))
    }

    fn sealer() -> Sealer {
        Sealer::new(&master(), "ticket", "https://a", 3)
    }

    #[test]
    fn what_was_sealed_opens() {
        for plaintext in [b"".as_slice(), b"x", &[7; 5000]] {
            let sealed = sealer().seal(plaintext, b"browser");
            assert_eq!(
                sealer().open(&sealed, b"browser").unwrap().expose(),
                plaintext
            );
            let text = sealer().seal_text(plaintext, b"");
            assert_eq!(sealer().open_text(&text, b"").unwrap().expose(), plaintext);
        }
    }

    #[test]
    fn a_seal_of_another_implementation_opens() {
        // Key, associated data and layout fixed from outside: what is stored today must open tomorrow.
        let hex = "fbff00112233445566778899aabbccddeeff00112233445566778899aabbccdd";
        let sealer = Sealer::new(&MasterKey::parse(hex).unwrap(), "ticket", "https://a", 1);
        let sealed = "AQAAAAEAAQIDBAUGBwgJCgsPvjsPiHBEs9zRwMWuNU5eQApU07_E";
        assert_eq!(
            sealer.open_text(sealed, b"browser").unwrap().expose(),
            b"secret"
        );
    }

    #[test]
    fn two_seals_of_the_same_differ() {
        assert_ne!(sealer().seal(b"same", b""), sealer().seal(b"same", b""));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let sealed = sealer().seal(b"secret", b"browser");
        for index in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[index] ^= 1 << bit;
                assert!(
                    sealer().open(&changed, b"browser").is_err(),
                    "byte {index} bit {bit}"
                );
            }
        }
    }

    #[test]
    fn every_truncation_is_noticed() {
        let sealed = sealer().seal(b"secret", b"");
        for end in 0..sealed.len() {
            assert!(sealer().open(&sealed[..end], b"").is_err(), "{end}");
        }
        assert!(sealer().open(&[&sealed[..], b"\0"].concat(), b"").is_err());
    }

    #[test]
    fn a_seal_opens_only_in_its_own_context() {
        let sealed = sealer().seal(b"secret", b"browser");
        let error = |sealer: Sealer, context: &[u8]| sealer.open(&sealed, context).err();
        let other = |purpose, issuer, epoch| Sealer::new(&master(), purpose, issuer, epoch);

        assert_eq!(error(sealer(), b"other browser"), Some(OpenError::Forged));
        assert_eq!(
            error(other("cookie", "https://a", 3), b"browser"),
            Some(OpenError::Forged)
        );
        assert_eq!(
            error(other("ticket", "https://b", 3), b"browser"),
            Some(OpenError::Forged)
        );
        assert_eq!(
            error(other("ticket", "https://a", 4), b"browser"),
            Some(OpenError::Epoch(3))
        );
    }

    #[test]
    fn an_unknown_version_is_named() {
        let mut sealed = sealer().seal(b"secret", b"");
        sealed[0] = 9;
        assert_eq!(
            sealer().open(&sealed, b"").err(),
            Some(OpenError::Version(9))
        );
    }

    #[test]
    fn text_that_is_no_seal_is_malformed() {
        let text = sealer().seal_text(b"secret", b"");
        for bad in ["", "*", "AAAA", &format!("{text}="), &format!(" {text}")] {
            assert_eq!(
                sealer().open_text(bad, b"").err(),
                Some(OpenError::Malformed),
                "{bad}"
            );
        }
    }
}
