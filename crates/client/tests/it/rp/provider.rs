//! A provider on loopback that answers what a test scripted.

use cardea_jose::{Algorithm, SigningKey};
pub(crate) use cardea_testkit::{Scripted, ScriptedIssuer as Provider};

/// A key of the kind that most providers have.
pub(crate) fn key() -> SigningKey {
    SigningKey::generate(Algorithm::ES256).unwrap()
}
