//! Tokens from outside: keys and claims in, proof out. JWT claims are read only here.

mod access_token;
mod audience;
mod bearer_token;
mod claim;
mod client_assertion;
mod id_token;
mod id_token_hint;
mod issuer_rule;
mod logout_token;
mod numeric_date;
mod signed_userinfo;

pub use access_token::{AccessTokenError, VerifiedAccessToken, access_token};
pub use bearer_token::{BearerError, BearerPolicy, BearerToken, bearer_token, introspected_token};
pub use client_assertion::{AssertionPolicy, VerifiedAssertion, client_assertion};
pub use id_token::{IdTokenError, LoginAsked, RelyingPartyPolicy, VerifiedIdToken, id_token};
pub use id_token_hint::{HintError, VerifiedHint, id_token_hint};
pub use issuer_rule::{IssuerRule, Tenants};
pub use logout_token::{
    BACKCHANNEL_LOGOUT_EVENT, LogoutTokenError, VerifiedLogoutToken, logout_token,
};
pub use signed_userinfo::{UserinfoError, signed_userinfo};
