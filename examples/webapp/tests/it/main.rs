//! The web app at Cardea, and by configuration only at Entra ID, or rather a mock of what Entra ID documents.
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
