//! Requests as types: parse, don't validate. What comes out of here is bounded and well-formed,
//! not yet allowed.

mod authorization;
mod claims;
mod client_auth;
mod end_session;
mod params;
mod prompts;
mod token;

pub use authorization::{
    AuthorizationParams, MAX_REQUEST_BYTES, MAX_STATE_BYTES, NoValue, ResponseMode,
};
pub use claims::{ClaimRequest, ClaimsRequest};
pub use client_auth::{Assertion, PresentedCredentials, basic_client_id};
pub use end_session::EndSessionRequest;
pub use params::Params;
pub use prompts::{Prompt, Prompts};
pub use token::{
    AuthorizationCodeRequest, ClientCredentialsRequest, RefreshTokenRequest, TokenHint, TokenQuery,
    TokenRequest,
};
