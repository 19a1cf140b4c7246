//! Passkeys (WebAuthn): the ceremonies of a sign-in and of a registration. Which challenge a browser was given is sealed in the form
//! that answers it; that it counts once is a conditional write of the store.

pub(crate) mod form;
pub(crate) mod registration;
pub(crate) mod relying_party;
pub(crate) mod sign_in;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use cardea_protocol::model::{PasskeyId, Subject};
use cardea_seal::{Digest, Sealer};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use webauthn_rs::prelude::Uuid;

use crate::{ctx::Ctx, error::Failure};

/// How long a challenge can be answered, as long as the ticket of its page.
const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// A challenge that was given to a browser, sealed in its form.
#[derive(Serialize, Deserialize)]
struct Challenge<T> {
    /// When, in milliseconds.
    at: i64,
    state: T,
}

fn seal<T: Serialize>(ctx: &Ctx, sealer: &Sealer, state: T, form: &str) -> Result<String, Failure> {
    let at = ctx.caller.now.as_millisecond();
    let json = serde_json::to_vec(&Challenge { at, state })
        .map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(sealer.seal_text(&json, form.as_bytes()))
}

/// The challenge that was sealed in the same form not long ago, and when.
fn open<T: DeserializeOwned>(
    ctx: &Ctx,
    sealer: &Sealer,
    sealed: &str,
    form: &str,
) -> Option<(Timestamp, T)> {
    let json = sealer.open_text(sealed, form.as_bytes()).ok()?;
    let challenge: Challenge<T> = serde_json::from_slice(json.expose()).ok()?;
    let at = Timestamp::from_millisecond(challenge.at).ok()?;
    let age = ctx.caller.now.duration_since(at);
    (age <= LIFETIME).then_some((at, challenge.state))
}

/// WebAuthn §14.6.1: what an authenticator keeps of a user says nothing about the user.
fn user_handle(subject: &Subject) -> Uuid {
    let hash = Digest::of(&[b"passkey user handle\0", subject.as_str().as_bytes()].concat());
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    Uuid::from_bytes(bytes)
}

fn passkey_id(raw: &[u8]) -> Option<PasskeyId> {
    PasskeyId::parse(&BASE64_URL_SAFE_NO_PAD.encode(raw)).ok()
}

fn raw_id(id: &PasskeyId) -> Vec<u8> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(id.as_str());
    decoded.unwrap_or_default()
}

/// Whether the private key can be on several devices. WebAuthn §6.1.3: the flag "backup eligible", which never changes.
fn is_synced(credential: &webauthn_rs::prelude::Credential) -> bool {
    credential.backup_eligible
}
