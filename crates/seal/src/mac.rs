use aws_lc_rs::hmac;

use crate::{Digest, MasterKey, constant_time_eq};

/// An HMAC-SHA256 key, kept ready for use.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// Derives the key for one purpose, issuer and epoch.
    #[must_use]
    pub fn new(master: &MasterKey, purpose: &'static str, issuer: &str, epoch: u32) -> Self {
        Self::from_bytes(master.derive(purpose, issuer, epoch).expose())
    }

    /// Takes a key that was made elsewhere.
    #[must_use]
    pub fn from_bytes(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Authenticates the parts. Each is preceded by its length, so that no byte can move from one part to the next.
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        Digest::from_slice(context.sign().as_ref())
    }

    /// Whether `tag` is the whole tag of these parts, in constant time.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        constant_time_eq(self.tag(parts).as_bytes(), tag)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::MacKey;
    use crate::{Entropy, MasterKey};

    fn key() -> MacKey {
        MacKey::from_bytes(&[1; 32])
    }

    #[test]
    fn the_right_tag_verifies() {
        let tag = key().tag(&[b"token", b"7"]);
        assert!(key().verify(&[b"token", b"7"], tag.as_bytes()));
    }

    #[test]
    fn tags_never_change() {
        // Computed by another implementation of HMAC. A change here would kill every refresh token.
        let tag = key().tag(&[b"token", b"7"]);
        assert_eq!(tag.to_text(), "AyLyknDxffOh0FHiFn5W6iAYbtdwrAo0hu1zEWkDXnU");
    }

    #[test]
    fn bytes_cannot_slide_between_parts() {
        let tag = key().tag(&[b"ab", b"c"]);
        for parts in [
            &[b"a".as_slice(), b"bc"][..],
            &[b"abc"],
            &[b"ab", b"c", b""],
            &[b"", b"ab", b"c"],
            &[],
        ] {
            assert!(!key().verify(parts, tag.as_bytes()), "{parts:?}");
        }
    }

    #[test]
    fn a_shortened_or_changed_tag_fails() {
        let tag = key().tag(&[b"a"]);
        let mut changed = *tag.as_bytes();
        changed[31] ^= 1;
        assert!(!key().verify(&[b"a"], &changed));
        assert!(!key().verify(&[b"a"], &tag.as_bytes()[..16]));
        assert!(!key().verify(&[b"a"], b""));
    }

    #[test]
    fn another_purpose_gives_another_tag() {
        let master = MasterKey::generate(&Entropy::seeded(1));
        let tag = MacKey::new(&master, "csrf", "https://a", 1).tag(&[b"x"]);
        assert_eq!(
            tag,
            MacKey::new(&master, "csrf", "https://a", 1).tag(&[b"x"])
        );
        assert_ne!(
            tag,
            MacKey::new(&master, "refresh", "https://a", 1).tag(&[b"x"])
        );
    }
}
