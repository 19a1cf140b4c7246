//! Scopes: RFC 6749 §3.3.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize, Serializer};

/// A request may name this many scopes.
const MAX_TOKENS: usize = 64;
/// The bound of the whole parameter in bytes.
const MAX_BYTES: usize = 2048;

/// The scope that makes a request an OpenID Connect request.
pub const OPENID: &str = "openid";
/// The scope that lets a grant outlive its session (OpenID Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The scope of the user's roles; OpenID Core has none for them.
pub const ROLES: &str = "roles";
/// The scope of what the user's roles allow.
pub const PERMISSIONS: &str = "permissions";
/// The scope of the organization that the user acts in (D27).
pub const ORGANIZATION: &str = "organization";
/// The scope with which an administrator of an organization administers it (D27).
pub const TENANTS_ADMIN: &str = "tenants:admin";

/// The scopes that the provider itself serves, at userinfo.
pub const STANDARD: [&str; 11] = [
    OPENID,
    "profile",
    "email",
    "address",
    "phone",
    ROLES,
    "groups",
    PERMISSIONS,
    ORGANIZATION,
    TENANTS_ADMIN,
    OFFLINE_ACCESS,
];

/// A set of scope tokens in the order of the request, each once. Cheap to clone: every token request does it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Scope(Arc<[Box<str>]>);

/// Why a scope parameter was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// More than 64 tokens or 2048 bytes.
    #[error("the scope is too long")]
    TooLong,
    /// A character outside of RFC 6749 §3.3.
    #[error("the scope has a character that is not allowed")]
    Character,
}

impl Scope {
    /// Parses a space-separated list; the empty text is the empty scope.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > MAX_BYTES {
            return Err(ScopeError::TooLong);
        }
        let mut tokens: Vec<Box<str>> = Vec::new();
        for token in text.split(' ').filter(|t| !t.is_empty()) {
            // RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
            if !token
                .bytes()
                .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
            {
                return Err(ScopeError::Character);
            }
            if !tokens.iter().any(|t| &**t == token) {
                tokens.push(token.into());
            }
        }
        if tokens.len() > MAX_TOKENS {
            return Err(ScopeError::TooLong);
        }
        Ok(Self(tokens.into()))
    }

    /// Whether the token is in the set.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|t| &**t == token)
    }

    /// Whether the tokens of this scope belong to an organization: then the user acts in one, if there is one.
    #[must_use]
    pub fn wants_organization(&self) -> bool {
        self.contains(ORGANIZATION) || self.contains(TENANTS_ADMIN)
    }

    /// Whether every token is in `other`.
    #[must_use]
    pub fn is_subset_of(&self, other: &Scope) -> bool {
        self.iter().all(|t| other.contains(t))
    }

    /// The tokens for which `keep` holds.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&str) -> bool) -> Scope {
        if self.iter().all(&keep) {
            return self.clone();
        }
        Scope(self.0.iter().filter(|t| keep(t)).cloned().collect())
    }

    /// The tokens of both, each once.
    #[must_use]
    pub fn union(&self, other: &Scope) -> Scope {
        let others = other.0.iter().filter(|t| !self.contains(t));
        Scope(self.0.iter().chain(others).cloned().collect())
    }

    /// The set with one more token.
    #[must_use]
    pub fn with(self, token: &str) -> Scope {
        if self.contains(token) {
            return self;
        }
        let token = std::iter::once(Box::from(token));
        Scope(self.0.iter().cloned().chain(token).collect())
    }

    /// The tokens in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|t| &**t)
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, token) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;
    fn try_from(text: String) -> Result<Self, ScopeError> {
        Self::parse(&text)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_repeats_are_dropped() {
        let scope = Scope::parse("openid  email openid orders:read").unwrap();
        assert_eq!(scope.to_string(), "openid email orders:read");
    }

    #[test]
    fn characters_outside_the_grammar_are_refused() {
        for bad in ["a\"b", "a\\b", "a\tb", "ä", "a\u{0}"] {
            assert_eq!(Scope::parse(bad), Err(ScopeError::Character), "{bad:?}");
        }
        assert_eq!(Scope::parse(&"x ".repeat(2000)), Err(ScopeError::TooLong));
    }

    #[test]
    fn subsets_are_by_token_not_by_prefix() {
        let big = Scope::parse("orders:read orders:write").unwrap();
        assert!(Scope::parse("orders:read").unwrap().is_subset_of(&big));
        assert!(!Scope::parse("orders").unwrap().is_subset_of(&big));
    }

    #[test]
    fn the_bounds_are_2048_bytes_and_64_tokens() {
        let tokens = |count: usize| {
            (0..count)
                .map(|i| format!("s{i}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(Scope::parse(&tokens(64)).unwrap().iter().count(), 64);
        assert_eq!(Scope::parse(&tokens(65)), Err(ScopeError::TooLong));
        assert!(Scope::parse(&"x".repeat(2048)).is_ok());
        assert_eq!(Scope::parse(&"x".repeat(2049)), Err(ScopeError::TooLong));
    }

    #[test]
    fn a_union_has_each_token_once() {
        let union = Scope::parse("a b")
            .unwrap()
            .union(&Scope::parse("b c").unwrap());
        assert_eq!(union.to_string(), "a b c");
        assert!(Scope::parse(" ").unwrap().is_empty());
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics_and_what_it_gives_is_written_and_read_the_same(text in "(\\PC|[ a-c]){0,80}") {
            if let Ok(scope) = Scope::parse(&text) {
                let json = serde_json::to_string(&scope).unwrap();
                proptest::prop_assert_eq!(&serde_json::from_str::<Scope>(&json).unwrap(), &scope);
                proptest::prop_assert_eq!(Scope::parse(&scope.to_string()), Ok(scope));
            }
        }
    }
}
