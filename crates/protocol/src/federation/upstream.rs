//! The name of a provider here, and the key of a link.

use std::fmt;

use cardea_seal::Digest;
use serde::{Deserialize, Serialize};

const MAX_ID_BYTES: usize = 32;

/// The name of an upstream provider in the configuration, in URLs and in links: small letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UpstreamId(String);

impl UpstreamId {
    /// Parses; `None` for what is no name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let fits = (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UpstreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for UpstreamId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the id of an upstream")
    }
}

impl From<UpstreamId> for String {
    fn from(id: UpstreamId) -> Self {
        id.0
    }
}

/// The key of a link between an account and an identity of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkKey(String);

impl LinkKey {
    /// OpenID Core §5.7: only issuer and subject together name an end-user. The upstream is part of the key as well, because
    /// some issuers give each client its own subjects.
    #[must_use]
    pub fn of(upstream: &UpstreamId, issuer: &str, subject: &str) -> Self {
        // Each part is preceded by its length, so that no two triples have the same text.
        let mut text = String::new();
        for part in [upstream.as_str(), issuer, subject] {
            text.push_str(&part.len().to_string());
            text.push(':');
            text.push_str(part);
        }
        Self(Digest::of(text.as_bytes()).to_text())
    }

    /// The text, which is how the store keeps it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A key that was read from the store.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_upstream_is_a_part_of_a_url() {
        for good in ["google", "entra-2", "a", "x_y"] {
            assert!(UpstreamId::parse(good).is_some(), "{good}");
        }
        let long = "a".repeat(33);
        for bad in ["", "A", "a b", "a/b", "..", "a.b", "é", "a%2f", &long] {
            assert!(UpstreamId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn each_part_of_an_identity_makes_another_key() {
        let id = |text: &str| UpstreamId::parse(text).unwrap();
        let key = LinkKey::of(&id("a"), "https://one.example", "42");
        assert_eq!(key, LinkKey::of(&id("a"), "https://one.example", "42"));
        for other in [
            LinkKey::of(&id("b"), "https://one.example", "42"),
            LinkKey::of(&id("a"), "https://two.example", "42"),
            LinkKey::of(&id("a"), "https://one.example", "43"),
            LinkKey::of(&id("a"), "https://one.example4", "2"),
            LinkKey::of(&id("a"), "https://one.example2:42", ""),
        ] {
            assert_ne!(key, other);
        }
    }
}
