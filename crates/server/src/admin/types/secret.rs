//! Secrets of requests: only the command line writes them, into the body of its request.

use cardea_web::config::SecretText;
use serde::Serializer;

#[expect(
    clippy::ref_option,
    reason = "serde calls it with a reference to the member"
)]
pub(super) fn expose_option<S: Serializer>(
    secret: &Option<SecretText>,
    out: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => expose(secret, out),
        None => out.serialize_none(),
    }
}

pub(super) fn expose<S: Serializer>(secret: &SecretText, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(secret.expose())
}
