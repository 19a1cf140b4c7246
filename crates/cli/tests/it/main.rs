//! The real binary, as an operator uses it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

/// The requests of a browser and a client, shared with the crash test.
#[path = "../crash/http.rs"]
#[allow(dead_code, reason = "shared with the crash test")]
mod http;
#[path = "../crash/provider.rs"]
#[allow(dead_code, reason = "shared with the crash test")]
mod provider;

#[path = "../crash/sink.rs"]
#[allow(dead_code, reason = "shared with the crash test")]
mod sink;

mod bench;
mod check;
mod check_files;
mod check_gateway;
mod check_upstreams;
mod clients;
mod dev;
mod factors_and_links;
mod gateway;
mod imports;
mod keys;
mod log;
mod logins;
mod mail;
mod people;
mod postgres;
mod roles;
mod serving;
mod signals;
