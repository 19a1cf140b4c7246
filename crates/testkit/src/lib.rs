//! Only for tests: a provider without sockets, a browser with a cookie jar, a clock that tests turn.
//!
//! The base is for every crate: [`Log`], [`listen`], [`until`] and [`slowly`]; with the feature `web` also a `TestClock` and a
//! `ScriptedIssuer`.
//!
//! With the feature `provider` (a default) there is also the provider: [`TestServer`] over a store in a folder of its own, [`Call`] for
//! one request to it, [`Browser`] that walks its pages as a user does, and [`flows`] for what nearly every test does: log in, get a
//! code, redeem it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[cfg(feature = "web")]
mod clock;
#[cfg(feature = "web")]
mod issuer;
mod log;
mod ports;
#[cfg(feature = "postgres")]
mod postgres;
mod wait;

#[cfg(feature = "passkeys")]
mod authenticator_model;
#[cfg(feature = "provider")]
mod browser;
#[cfg(feature = "provider")]
mod call;
#[cfg(feature = "provider")]
pub mod clients;
#[cfg(feature = "provider")]
pub mod factors;
#[cfg(feature = "provider")]
mod faults;
#[cfg(feature = "provider")]
pub mod flows;
#[cfg(feature = "provider")]
pub mod foreign;
#[cfg(feature = "provider")]
mod jobs;
#[cfg(feature = "provider")]
pub mod jwt;
#[cfg(feature = "provider")]
mod logout_receiver;
#[cfg(feature = "provider")]
mod page;
#[cfg(feature = "passkeys")]
pub mod passkeys;
#[cfg(feature = "provider")]
mod people;
#[cfg(feature = "provider")]
mod server;
#[cfg(feature = "provider")]
mod store;

pub use log::Log;
pub use ports::{free_port, listen};
#[cfg(feature = "postgres")]
pub use postgres::{Database, Postgres};
pub use wait::{PATIENCE, block_until, eventually, settle, slowly, until};

#[cfg(feature = "web")]
pub use self::{
    clock::TestClock,
    issuer::{Asked, Scripted, ScriptedIssuer},
};

#[cfg(feature = "provider")]
pub use self::{
    browser::Browser,
    call::{Answer, Call},
    clients::TestClient,
    faults::{Fault, Faults},
    logout_receiver::LogoutReceiver,
    page::{Form, Page},
    people::Person,
    server::{Builder, ISSUER, MASTER_KEY, TestServer},
};
