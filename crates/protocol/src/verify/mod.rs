//! Tokens from outside: keys and claims in, proof out. Nobody else reads a JWT claim.

mod access_token;
mod client_assertion;
mod id_token;

pub use access_token::{AccessTokenError, VerifiedAccessToken, access_token};
pub use client_assertion::{AssertionPolicy, VerifiedAssertion, client_assertion};
pub use id_token::{HintError, VerifiedHint, id_token_hint};
