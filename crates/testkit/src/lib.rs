//! For tests alone: a provider without sockets, a browser with a cookie jar, a clock that tests turn.
//!
//! [`TestServer`] is the provider over a store in a folder of its own. [`Call`] is one request to it, [`Browser`] walks its
//! pages as a person does, and [`flows`] are the ways that nearly every test goes: log in, get a code, redeem it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod browser;
mod call;
pub mod clients;
mod clock;
mod faults;
pub mod flows;
pub mod foreign;
pub mod jwt;
mod logout_receiver;
mod page;
mod people;
mod server;

pub use browser::Browser;
pub use call::{Answer, Call};
pub use clients::TestClient;
pub use clock::TestClock;
pub use faults::{Fault, Faults};
pub use logout_receiver::LogoutReceiver;
pub use page::{Form, Page};
pub use people::Person;
pub use server::{Builder, ISSUER, TestServer};
