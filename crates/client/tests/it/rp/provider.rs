//! A provider on loopback that says what a test tells it to say.

use cardea_jose::{Algorithm, SigningKey};
pub(crate) use cardea_testkit::{Scripted, ScriptedIssuer as Provider};

/// A key of the kind that most providers have.
pub(crate) fn key() -> SigningKey {
    SigningKey::generate(Algorithm::ES256).unwrap()
}
