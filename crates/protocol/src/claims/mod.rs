//! What tokens and userinfo say.

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

/// What is common to all tokens that are made in one step.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// When.
    pub now: jiff::Timestamp,
    /// For how long.
    pub ttl: jiff::SignedDuration,
}

impl Issue<'_> {
    fn exp(&self) -> i64 {
        self.now.as_second().saturating_add(self.ttl.as_secs())
    }
}

#[cfg(test)]
mod tests;
