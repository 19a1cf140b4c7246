//! The claims of tokens and userinfo.

mod access_token;
mod catalog;
mod formats;
mod id_token;
mod introspection;
mod logout_token;
mod user_claims;
mod userinfo;

pub use access_token::{AccessTokenClaims, Holder, NewAccessToken, access_token};
pub use catalog::{
    Catalog, GROUPS, ScopeConfig, bad_claims, claim_problems, scope_of, supported_claims,
};
pub use id_token::{Beside, ID_TOKEN_CLAIMS, IdTokenClaims, id_token};
pub use introspection::{Introspection, introspection};
pub use logout_token::{LogoutTokenClaims, logout_token};
pub use user_claims::{
    check_user_claim_bounds, check_user_claims, is_text, may_be_given, user_claim_problems,
};
pub use userinfo::{ClaimSource, api_claims, entitled_claims, userinfo};

pub(crate) use user_claims::reserved;

/// The bound of the user's claims in one token, in bytes of JSON: tokens go through headers and cookies. Userinfo has all.
pub const MAX_CLAIM_BYTES: usize = 4096;

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
mod organization_tests;
#[cfg(test)]
mod tests;
