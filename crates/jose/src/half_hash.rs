//! `at_hash` and `c_hash`: OpenID Core §3.1.3.6.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};

use crate::{Algorithm, base64url};

/// The left half of the hash that belongs to a signature algorithm, in base64url.
#[must_use]
pub fn half_hash(algorithm: Algorithm, data: &[u8]) -> String {
    let hash = match algorithm {
        Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 => &SHA256,
        Algorithm::ES384 => &SHA384,
        // Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
        Algorithm::EdDSA => &SHA512,
    };
    let digest = digest::digest(hash, data);
    let (left, _) = digest.as_ref().split_at(digest.as_ref().len() / 2);
    base64url::encode(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_openid_core_holds() {
        // OpenID Core appendix A.4: c_hash of the code of the example, with RS256
        let code = b"Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        assert_eq!(half_hash(Algorithm::RS256, code), "LDktKdoQak3Pk0cnXxCltA");
    }

    #[test]
    fn the_length_follows_the_hash() {
        let len = |a| half_hash(a, b"x").len();
        assert_eq!(
            [Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA].map(len),
            [22, 32, 43]
        );
    }
}
