use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_lc_rs::{hmac, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{RandomToken, impossible::or_abort};

/// Where random values come from: the system, or a seed in tests. Cheap to clone; clones share one stream.
#[derive(Clone)]
pub struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Seeded>),
}

/// HMAC-SHA256 in counter mode.
struct Seeded {
    key: hmac::Key,
    blocks_drawn: AtomicU64,
}

impl Entropy {
    /// The system's randomness. If it fails, the process aborts.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A deterministic stream. For tests only: the seed determines every value.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Seeded {
            key: hmac::Key::new(hmac::HMAC_SHA256, &seed.to_be_bytes()),
            blocks_drawn: AtomicU64::new(0),
        })))
    }

    /// Draws `N` bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// Draws a token of 256 bits.
    #[must_use]
    pub fn token(&self) -> RandomToken {
        RandomToken::from_bytes(self.bytes())
    }

    /// Draws `len_bytes` bytes and writes them in base64url: for identifiers, which are not secret.
    #[must_use]
    pub fn text(&self, len_bytes: usize) -> String {
        let mut bytes = vec![0; len_bytes];
        self.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn fill(&self, out: &mut [u8]) {
        match &self.0 {
            Source::System => or_abort(rand::fill(out)),
            Source::Seeded(seeded) => seeded.fill(out),
        }
    }
}

impl Seeded {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.blocks_drawn.fetch_add(1, Ordering::Relaxed);
            let tag = hmac::sign(&self.key, &block.to_be_bytes());
            for (to, from) in chunk.iter_mut().zip(tag.as_ref()) {
                *to = *from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Entropy;

    #[test]
    fn a_seed_gives_the_same_stream_again() {
        let (one, two) = (Entropy::seeded(1), Entropy::seeded(1));
        assert_eq!(one.bytes::<48>(), two.bytes::<48>());
        assert_eq!(one.text(16), two.text(16));
        assert_eq!(one.token().hash(), two.token().hash());
    }

    #[test]
    fn another_seed_and_another_draw_differ() {
        let one = Entropy::seeded(1);
        let first = one.bytes::<16>();
        assert_ne!(first, one.bytes::<16>());
        assert_ne!(first, Entropy::seeded(2).bytes::<16>());
    }

    #[test]
    fn clones_share_one_stream() {
        let one = Entropy::seeded(1);
        assert_ne!(one.clone().bytes::<16>(), one.bytes::<16>());
    }

    #[test]
    fn the_system_does_not_repeat() {
        let system = Entropy::system();
        assert_ne!(system.bytes::<32>(), system.bytes::<32>());
        assert_eq!(system.text(9).len(), 12);
        assert_eq!(system.text(0), "");
    }
}
