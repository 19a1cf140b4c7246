//! An API behind the kit, with an issuer on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod cardea;
mod edge;
mod foreign;
mod guards;
mod introspection;
mod issuer;
mod keys;
mod logs;
mod measures;
mod outage;
mod ready;
mod strangers;
mod testing;
mod tokens;
mod world;
