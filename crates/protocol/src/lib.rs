//! OAuth 2 and OpenID Connect as types and rules: values in, values out, no clock, no I/O.
//!
//! A request is parsed into a type ([`request`]), checked into a proof ([`authorize`], [`token`]),
//! and what it leads to is a verdict that the store carries out on the locked row.

pub mod authorize;
pub mod backchannel_logout;
pub mod backup_code;
pub mod claims;
pub mod disowned;
pub mod error;
pub mod explain;
pub mod factor_reset;
pub mod federation;
pub mod invitation;
pub mod journey;
pub mod language;
pub mod mail;
pub mod metadata;
pub mod mfa;
pub mod model;
pub mod outbox;
pub mod pkce;
pub mod profile;
pub mod redirect_uri;
pub mod request;
pub mod resources;
pub mod roles;
#[cfg(test)]
mod samples;
pub mod scope;
pub mod token;
pub mod totp;
pub mod verify;

pub use error::{ErrorCode, OAuthError};
