use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Algorithm, Header, Jwk, KeyError, KeySetError, VerificationKey, VerifyError,
    compact::CompactJws,
    error::shortened,
    jwk::{PRIVATE_MEMBERS, RawJwk},
};

/// The longest key set that is read, in bytes.
pub const MAX_KEY_SET_LEN: usize = 64 * 1024;
/// The most keys that a set may have.
pub const MAX_KEYS: usize = 100;
/// How many keys are tried for one token: enough during key rotation, and a bound on the work.
const MAX_TRIES: usize = 8;

/// The public keys of one issuer or client, parsed.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    /// As published.
    jwks: Vec<Jwk>,
    /// One for each key and algorithm; an RSA key without `alg` is listed twice.
    keys: Vec<VerificationKey>,
}

/// What a caller accepts.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The allow-list of algorithms. Empty: nothing is accepted.
    pub algorithms: &'a [Algorithm],
    /// The kinds of token, compared without case and with or without `application/`. Empty: any kind, or none stated.
    pub typ: &'a [&'a str],
}

/// A token whose signature is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its header.
    pub header: Header,
    /// Its payload, byte for byte; its claims are not verified.
    pub payload: Vec<u8>,
}

#[derive(Deserialize)]
struct RawKeySet {
    keys: Vec<Value>,
}

#[derive(Serialize)]
struct PublishedKeySet<'a> {
    keys: &'a [Jwk],
}

impl KeySet {
    /// Reads a set from JSON.
    ///
    /// Keys that we can't use (unknown type, curve or algorithm, for encryption, weak, invalid, or with a member of another
    /// JSON type) are skipped.
    ///
    /// # Errors
    /// When it is not a key set, too long, or has a private key.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        if json.len() > MAX_KEY_SET_LEN {
            return Err(KeySetError::TooLong);
        }
        Self::parse_bounded(json)
    }

    /// The same for a document whose length the caller has bounded: large providers publish a certificate chain with each key.
    ///
    /// # Errors
    /// When it is not a key set, or has a private key.
    pub fn parse_bounded(json: &[u8]) -> Result<Self, KeySetError> {
        let raw: RawKeySet = serde_json::from_slice(json)
            .map_err(|error| KeySetError::Malformed(shortened(&error.to_string())))?;
        if raw.keys.len() > MAX_KEYS {
            return Err(KeySetError::TooManyKeys);
        }
        let mut set = Self::default();
        for key in raw.keys {
            if is_private(&key) {
                return Err(KeySetError::Private);
            }
            // RFC 7517 §5: a key of a type not understood, without a required member or with a value out of range is ignored.
            // §4: of a member that comes twice the last is read.
            if let Some(jwk) = usable(key) {
                let _ = set.add(jwk);
            }
        }
        Ok(set)
    }

    /// Makes a set of known keys, each of which must be usable.
    ///
    /// # Errors
    /// When one is not.
    pub fn from_keys(keys: impl IntoIterator<Item = Jwk>) -> Result<Self, KeyError> {
        let mut set = Self::default();
        for jwk in keys {
            set.add(jwk)?;
        }
        Ok(set)
    }

    /// The JSON to publish.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::json!(PublishedKeySet { keys: &self.jwks }).to_string()
    }

    /// The usable keys, as published.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.jwks
    }

    /// The first key of that name.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.jwks.iter().find(|jwk| jwk.kid() == Some(kid))
    }

    /// Checks a token: form, header, algorithm, kind, key, signature, in this order.
    ///
    /// # Errors
    /// The first check it fails. [`VerifyError::UnknownKey`] may mean that the issuer has a new key.
    pub fn verify(&self, token: &str, expect: &Expected<'_>) -> Result<Verified, VerifyError> {
        let jws = CompactJws::split(token)?;
        let header = &jws.header;
        // RFC 8725 §3.1: the caller says which algorithms are acceptable.
        if !expect.algorithms.contains(&header.alg) {
            return Err(VerifyError::AlgorithmNotAllowed(header.alg));
        }
        // RFC 8725 §3.11: one kind of token must not pass for another.
        if !header.is_one_of(expect.typ) {
            return Err(VerifyError::UnexpectedType(
                header.typ.as_deref().map(shortened),
            ));
        }
        let is_signed = self
            .candidates(header)?
            .any(|key| key.verifies(jws.signing_input, &jws.signature));
        if !is_signed {
            return Err(VerifyError::Signature);
        }
        Ok(Verified {
            payload: jws.payload()?,
            header: jws.header,
        })
    }

    /// The keys with which the token may be signed: of its `kid` where it has one, and for its algorithm always.
    fn candidates<'a>(
        &'a self,
        header: &'a Header,
    ) -> Result<impl Iterator<Item = &'a VerificationKey>, VerifyError> {
        let named = || {
            self.keys
                .iter()
                .filter(|key| header.kid.is_none() || key.kid() == header.kid.as_deref())
        };
        let mut fitting = named()
            .filter(|key| key.algorithm() == header.alg)
            .take(MAX_TRIES)
            .peekable();
        if fitting.peek().is_some() {
            return Ok(fitting);
        }
        // RFC 8725 §3.1: each key is used with exactly one algorithm.
        if header.kid.is_some() && named().next().is_some() {
            return Err(VerifyError::KeyNotFor(header.alg));
        }
        Err(VerifyError::UnknownKey(
            header.kid.as_deref().map(shortened),
        ))
    }

    fn add(&mut self, jwk: Jwk) -> Result<(), KeyError> {
        let keys: Vec<_> = jwk
            .algorithms()
            .iter()
            .map(|algorithm| VerificationKey::new(&jwk, *algorithm))
            .collect::<Result<_, _>>()?;
        self.keys.extend(keys);
        self.jwks.push(jwk);
        Ok(())
    }
}

fn is_private(key: &Value) -> bool {
    let has = |name: &&str| key.get(name).is_some_and(|value| !value.is_null());
    PRIVATE_MEMBERS.iter().any(has)
}

/// A key, if it is of a kind that we use. A `kid` of another type than text names no token's key: it is as if it were absent.
fn usable(mut key: Value) -> Option<Jwk> {
    let members = key.as_object_mut()?;
    if members.get("kid").is_some_and(|kid| !kid.is_string()) {
        members.remove("kid");
    }
    let raw: RawJwk = serde_json::from_value(key).ok()?;
    Jwk::try_from(raw).ok()
}

#[cfg(test)]
mod tests;
