//! The gateway of Cardea: the reverse proxy in front of the provider, the APIs and the apps.
//!
//! A request passes, in this order: the listener of `cardea-web` (TLS, limits on connections and headers), `receive`
//! (host, path, route, limits), `outgoing` (the headers of the forwarded request), `upstream` (a pooled connection and the
//! head of the response), and back through `response`.
//!
//! - [`GatewayConfig`]: the content of `gateway.toml`.
//! - [`Gateway`]: answers requests by the current configuration, which [`Gateway::reload`] replaces.
//! - [`Prepared`]: a gateway whose configuration was checked entirely; nothing listens yet.
//! - [`Serving`]: the gateway with its listeners.
//! - [`watch`]: reloads the configuration on SIGHUP and when its file changes.
//! - [`dev_ca`]: certificates for localhost, for development.

mod body;
mod checked;
mod config;
mod cookies;
pub mod dev_ca;
mod dropped_headers;
mod error_page;
mod forward_auth;
mod gateway;
mod measure;
mod outgoing;
mod pace;
mod path;
mod pool;
mod prefixes;
mod prepared;
mod problem;
mod receive;
mod redirect;
mod refusal;
mod response;
mod serving;
mod shares;
mod table;
mod telemetry;
mod tunnel;
mod upload;
mod upstream;
mod via;
pub mod watch;

pub use config::{
    GatewayConfig, HeadersConfig, HealthConfig, MetricsConfig, ProxyConfig, RedirectConfig,
    RouteConfig, TlsConfig, UpstreamConfig,
};
pub use forward_auth::{AccessRule, ForwardAuthConfig, ProtectedApp};
pub use gateway::Gateway;
pub use prepared::{Address, Prepared};
pub use problem::{ConfigProblem, ConfigProblems, Places};
pub use serving::{Listeners, Serving};
