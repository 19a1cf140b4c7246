//! HTTP both ways for Cardea, without a single OAuth endpoint.
//!
//! - [`inbound`]: listener, TLS with reload, client address, request id, header pack, cookies,
//!   CSRF, CORS, limits, problem+json, shutdown.
//! - [`outbound`]: the guarded client for URLs that came as data, and the cache of remote key sets.
//! - [`config`]: the TOML loader that names file, line, column and the nearest valid key.
//! - `prometheus`, by the feature of that name: the metrics of the process.
//! - [`clock`]: the one place that reads the system's time.
//! - [`permissions`]: which role may do what.

pub mod clock;
pub mod config;
pub mod inbound;
pub mod outbound;
pub mod permissions;
#[cfg(feature = "prometheus")]
pub mod prometheus;
