//! The gateway over real sockets, with small servers behind it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod authority;
mod behind;
mod caddy;
mod configuration;
mod cookies;
mod foreign;
mod forward_auth;
#[path = "../../../web/tests/it/frames.rs"]
#[expect(dead_code, reason = "the listener's own tests do more with it")]
mod frames;
mod headers;
mod hostile_upstream;
mod http2;
mod limits;
mod nginx;
mod operation;
mod provider;
mod reload;
mod routing;
mod slow_clients;
mod smuggling;
mod stage;
mod streaming;
mod tls;
mod upstream_errors;
mod websocket;
