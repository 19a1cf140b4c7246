//! The client kit against providers: scripted ones that misbehave, and Cardea itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bff;
mod foreign;
mod guard;
mod rp;
mod session;
