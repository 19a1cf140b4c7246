//! The claims of tokens and userinfo.

mod access_token;
mod id_token;
mod introspection;
mod logout_token;
mod userinfo;

pub use access_token::{AccessTokenClaims, Holder, NewAccessToken, access_token};
pub use id_token::{Beside, IdTokenClaims, id_token};
pub use introspection::{Introspection, introspection};
pub use logout_token::{LogoutTokenClaims, logout_token};
pub use userinfo::{CLAIMS, scope_of, userinfo};

/// Issuer, time and lifetime of a new token.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The time of issue.
    pub now: jiff::Timestamp,
    /// The lifetime.
    pub ttl: jiff::SignedDuration,
}

impl Issue<'_> {
    fn exp(&self) -> i64 {
        self.now.as_second().saturating_add(self.ttl.as_secs())
    }
}

#[cfg(test)]
mod tests;
