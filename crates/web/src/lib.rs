//! HTTP server and client code of Cardea, without OAuth endpoints.
//!
//! - [`inbound`]: listener, TLS with reload, client address, request id, header pack, cookies,
//!   CSRF, CORS, limits, problem+json, shutdown.
//! - [`outbound`]: the guarded client for URLs that come from input, and the cache of remote key sets.
//! - [`config`]: the TOML loader, whose errors name file, line, column and the nearest valid key.
//! - [`metric_names`]: the metrics of all crates.
//! - `prometheus` (feature `prometheus`): the metrics of the process.
//! - [`log`]: a writer for logs that never waits and never fails.
//! - [`clock`]: the only place that reads the system time.
//! - [`permissions`]: the permissions of each role.

pub mod clock;
pub mod config;
pub mod inbound;
pub mod log;
pub mod metric_names;
pub mod outbound;
pub mod permissions;
#[cfg(feature = "prometheus")]
pub mod prometheus;
