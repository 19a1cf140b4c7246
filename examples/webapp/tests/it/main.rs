//! The web app with Cardea, and by configuration only with a mock of Entra ID's documented responses.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod cardea;
mod entra;
mod pages;
mod visitor;
