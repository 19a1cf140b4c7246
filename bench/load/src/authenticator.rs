//! A passkey (WebAuthn) as a phone keeps it: ES256, synced, without a counter, and used by a verified user.
//!
//! Of the crate `passkey` only the key is used: its authenticator and its client would cost more than the signature.

use std::sync::Mutex;

use anyhow::{Context as _, anyhow};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use cardea_seal::{Digest, Entropy};
use passkey::crypto::{
    CryptoBackend, PublicKeyT as _, SecretKeyT as _, aws_lc_rs::AwsLcRsBackend,
    coset::CborSerializable as _, iana,
};
use serde_json::{Value, json};

type SecretKey = <AwsLcRsBackend as CryptoBackend>::SecretKey;

/// WebAuthn §6.1: the user is present and verified; the key can be backed up and is.
const FLAGS: u8 = 0x01 | 0x04 | 0x08 | 0x10;
/// What follows has the new key.
const WITH_KEY: u8 = 0x40;
const NO_COUNTER: [u8; 4] = [0; 4];
/// Of no model.
const AAGUID: [u8; 16] = [0; 16];
const ID_BYTES: u8 = 16;

/// A passkey of one user.
pub(crate) struct Passkey {
    key: Mutex<SecretKey>,
    id: [u8; ID_BYTES as usize],
    /// What the provider called the user when the passkey was made.
    user: String,
    origin: String,
}

impl Passkey {
    /// Makes one for these options, and the answer to them.
    pub(crate) fn create(options: &Value, origin: String) -> anyhow::Result<(Self, String)> {
        let key = AwsLcRsBackend.generate_key(iana::Algorithm::ES256);
        let key = key.map_err(|error| anyhow!("no key: {error:?}"))?;
        let public = key.public_key().to_cose_key().to_vec();
        let passkey = Self {
            key: Mutex::new(key),
            id: Entropy::system().bytes(),
            user: text(options, "/user/id")?.to_owned(),
            origin,
        };
        let mut data = authenticator_data(text(options, "/rp/id")?, FLAGS | WITH_KEY);
        data.extend_from_slice(&AAGUID);
        data.extend_from_slice(&[0, ID_BYTES]);
        data.extend_from_slice(&passkey.id);
        data.extend(public.map_err(|error| anyhow!("no public key: {error}"))?);
        let client_data = passkey.client_data("webauthn.create", options)?;
        let answer = passkey.answer(&json!({
            "clientDataJSON": BASE64.encode(client_data),
            "attestationObject": BASE64.encode(attestation_object(&data)?),
        }));
        Ok((passkey, answer))
    }

    /// The answer to the options of a sign-in.
    pub(crate) fn sign(&self, options: &Value) -> anyhow::Result<String> {
        let data = authenticator_data(text(options, "/rpId")?, FLAGS);
        let client_data = self.client_data("webauthn.get", options)?;
        // WebAuthn §6.3.3
        let mut signed = data.clone();
        signed.extend_from_slice(Digest::of(&client_data).as_bytes());
        let mut key = self.key.lock().map_err(|_| anyhow!("a poisoned lock"))?;
        let signature = key.sign(&signed);
        Ok(self.answer(&json!({
            "clientDataJSON": BASE64.encode(client_data),
            "authenticatorData": BASE64.encode(data),
            "signature": BASE64.encode(signature),
            "userHandle": self.user,
        })))
    }

    fn client_data(&self, kind: &str, options: &Value) -> anyhow::Result<Vec<u8>> {
        let data = json!({
            "type": kind, "challenge": text(options, "/challenge")?, "origin": self.origin, "crossOrigin": false,
        });
        Ok(serde_json::to_vec(&data)?)
    }

    fn answer(&self, response: &Value) -> String {
        let id = BASE64.encode(self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
    }
}

/// WebAuthn §6.1
fn authenticator_data(rp_id: &str, flags: u8) -> Vec<u8> {
    let hash = Digest::of(rp_id.as_bytes());
    [hash.as_bytes().as_slice(), &[flags], &NO_COUNTER].concat()
}

/// WebAuthn §8.7: the attestation "none".
fn attestation_object(data: &[u8]) -> anyhow::Result<Vec<u8>> {
    let length = u8::try_from(data.len())?;
    let head: &[u8] = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58";
    Ok([head, &[length], data].concat())
}

fn text<'a>(options: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    let value = options.pointer(pointer).and_then(Value::as_str);
    value.with_context(|| format!("no {pointer} in {options}"))
}
