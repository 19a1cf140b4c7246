//! Protect an axum API: access tokens of any OpenID provider, guards by scope, role, permission and object, and what else
//! stands between a stranger and a handler.
//!
//! In ten lines:
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use cardea_resource::{AccessToken, Api, ApiConfig, require_scope};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let api = Api::new(&ApiConfig::new("https://id.example.com", "api://orders"))?;
//!     let orders = get(async |token: AccessToken| format!("the orders of {}", token.subject()));
//!     let router = Router::new().route("/orders", orders.layer(require_scope("orders:read")));
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:4000").await?;
//!     Ok(api.serve(listener, router).await?)
//! }
//! ```
//!
//! That API finds the issuer's keys by discovery, keeps them fresh, and goes on through an outage of the issuer. Without a token
//! it answers 401, with a token for others 401, without the scope 403, all with `WWW-Authenticate` (RFC 6750) and a problem
//! document (RFC 9457) that carries the request's id.
//!
//! [`Api::serve`] asks the issuer once and says what is wrong with it. With the feature `testing`, `testing::TestIssuer` makes tokens
//! for tests of handlers without a provider.
//!
//! A tour: [`ApiConfig`] says whose tokens are taken; [`Api::protect`] puts a router behind them; [`AccessToken`] is what a
//! handler takes; [`require_scope`], [`require_any_scope`], [`require_role`] and [`require_permission`] stand before routes, the
//! methods of the same names within handlers; [`Guarded`] keeps an object from users to whom it doesn't belong.
//!
//! # What is taken
//! JWTs (RFC 9068) by the issuer's keys, opaque tokens by introspection (RFC 7662), or both by their shape: [`Tokens`]. Issuer
//! and audience are compared letter by letter; `exp`, `nbf` and `iat` with [`ApiConfig::clock_skew`]; the algorithm must be in
//! [`ApiConfig::algorithms`] and the key's; `typ` must be `at+jwt` unless [`ApiConfig::plain_jwt`]. A token bound to a key
//! (`cnf`) is no bearer token. Tokens are read from the `Authorization` header only.
//!
//! # Measured
//! `cardea_resource_tokens_total` by `verdict` (`good`, `missing`, `malformed`, `invalid`, `unavailable`, `limited`),
//! `cardea_resource_introspections_total` by `outcome` (`answered`, `failed`), `cardea_resource_forbidden_total` and
//! `cardea_resource_limited_total`. A token is never written to a log.

mod access_token;
mod api;
mod challenge;
mod config;
mod credentials;
mod edge;
mod gate;
mod guard;
mod guarded;
mod introspection;
mod measures;
mod metadata;
mod not_ready;
mod places;
mod refusal;
#[cfg(feature = "testing")]
pub mod testing;
mod verifier;

pub use access_token::AccessToken;
pub use api::Api;
pub use cardea_jose::Algorithm;
pub use cardea_protocol::model::SenderBinding;
pub use cardea_protocol::scope::Scope;
pub use cardea_web::clock::{Clock, SystemClock};
pub use cardea_web::config::{Duration, SecretText, load};
pub use cardea_web::inbound::Problem;
pub use cardea_web::log::{LogWriter, Report as LogReport};
pub use cardea_web::permissions::Permissions;
pub use config::{
    ApiConfig, ConfigError, CorsConfig, IntrospectionConfig, LimitsConfig, SecretMethod, Tokens,
};
pub use gate::{Gate, Gated};
pub use guard::{
    Require, Required, require_acr, require_any_scope, require_permission, require_recent_login,
    require_role, require_scope,
};
pub use guarded::{Guarded, owner, tenant};
pub use metadata::Metadata;
pub use not_ready::NotReady;
pub use refusal::{Forbidden, InvalidToken, TokenError};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/how-to/protect-an-api.md")]
struct HowTo;
