//! The gateway of Cardea: one door before the provider, the APIs and the apps.
//!
//! A request passes, in this order: the listener of `cardea-web` (TLS, bounds on connections and headers), `receive`
//! (host, path, route, limits: what is refused is refused here), `outgoing` (the one pass over the request's headers),
//! `upstream` (a connection of the pool and the answer's head), and back through `response`. Nothing is buffered: bodies
//! are handed on frame by frame as they come.
//!
//! - [`GatewayConfig`]: what stands in `gateway.toml`.
//! - [`Gateway`]: answers requests by the configuration of the moment, which [`Gateway::reload`] replaces.
//! - [`Serving`]: the gateway with its listeners.
//! - [`watch`]: takes the configuration anew on SIGHUP, and when its file changes.
//! - [`dev_ca`]: certificates for localhost, for development.

mod body;
mod checked;
mod config;
mod cookies;
pub mod dev_ca;
mod forward_auth;
mod gateway;
mod measure;
mod outgoing;
mod path;
mod pool;
mod receive;
mod redirect;
mod refusal;
mod response;
mod serving;
mod table;
mod telemetry;
mod tunnel;
mod upstream;
pub mod watch;

pub use checked::ConfigProblem;
pub use config::{
    GatewayConfig, HeadersConfig, HealthConfig, MetricsConfig, ProxyConfig, RedirectConfig,
    RouteConfig, TlsConfig, UpstreamConfig,
};
pub use forward_auth::{AccessRule, ForwardAuthConfig, ProtectedApp};
pub use gateway::Gateway;
pub use serving::{Listeners, Serving};
