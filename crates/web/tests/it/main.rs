//! The crate over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bodies;
mod frames;
mod hosts;
mod http2;
mod issuer;
mod issuer_client;
mod jwks_cache;
mod limits_of_clients;
mod outbound;
mod serving;
mod shutdown;
mod tls;
mod unix_socket;
mod upstream_client;
