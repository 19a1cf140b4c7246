//! The crate from outside: the examples of the RFCs, Wycheproof, a second opinion, and attacks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod attacks;
mod corpus;
mod properties;
mod rfc_examples;
mod second_opinion;
mod wycheproof;

use cardea_jose::{Algorithm, Expected, KeySet, SigningKey};

/// Every algorithm, every kind of token.
const ANYTHING: Expected<'static> = Expected {
    algorithms: &Algorithm::ALL,
    typ: &[],
};

/// The set that publishes these keys.
fn published(keys: &[&SigningKey]) -> KeySet {
    KeySet::from_keys(keys.iter().map(|key| key.public_jwk().clone())).unwrap()
}
