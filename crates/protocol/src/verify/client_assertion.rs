//! `private_key_jwt`: RFC 7523 §3, OpenID Core §9, D15.

use cardea_jose::{Algorithm, Expected, KeySet};
use cardea_seal::Digest;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::numeric_date::NumericDate;
use crate::{
    error::OAuthError,
    model::{Client, ClientId},
};

/// Clocks may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// D15: an assertion lives at most this long, so that its `jti` need not be kept for longer.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// An assertion whose signature and claims hold. Its `jti` is still to be used up in the store.
#[derive(Debug)]
pub struct VerifiedAssertion {
    client_id: ClientId,
    jti: Digest,
    expires_at: Timestamp,
}

impl VerifiedAssertion {
    /// The client.
    #[must_use]
    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// The hash of its `jti`.
    #[must_use]
    pub fn jti(&self) -> Digest {
        self.jti
    }

    /// Until when the `jti` must be remembered.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// The audiences of the server.
#[derive(Debug, Clone, Copy)]
pub struct AssertionPolicy<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The URL of the token endpoint.
    pub token_endpoint: &'a str,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: NumericDate,
    #[serde(default)]
    nbf: Option<NumericDate>,
    #[serde(default)]
    iat: Option<NumericDate>,
    jti: String,
}

fn timestamp(date: NumericDate) -> Result<Timestamp, OAuthError> {
    date.timestamp()
        .ok_or_else(|| OAuthError::invalid_client("assertion: a time is out of range"))
}

/// Verifies an assertion of a known client with its keys, signature first.
pub fn client_assertion(
    jwt: &str,
    client: &Client,
    keys: &KeySet,
    policy: AssertionPolicy<'_>,
    now: Timestamp,
) -> Result<VerifiedAssertion, OAuthError> {
    let bad = |cause: String| OAuthError::invalid_client(cause);
    let one;
    let algorithms: &[Algorithm] = match client.metadata().token_endpoint_auth_signing_alg {
        Some(algorithm) => {
            one = [algorithm];
            &one
        }
        None => &Algorithm::ALL,
    };
    let verified = keys
        .verify(
            jwt,
            &Expected {
                algorithms,
                typ: &[],
            },
        )
        .map_err(|e| bad(format!("assertion: {e}")))?;
    let claims: Claims = serde_json::from_slice(&verified.payload)
        .map_err(|e| bad(format!("assertion: malformed claims: {e}")))?;
    // RFC 7523 §3, points 1 and 2: for client authentication both name the client.
    if claims.iss != client.id().as_str() || claims.sub != client.id().as_str() {
        return Err(bad("assertion: iss and sub are not the client".into()));
    }
    // RFC 7523 §3, point 3; exactly one audience, or the assertion could be meant for another server.
    let to_endpoint = !client.metadata().issuer_only && claims.aud == policy.token_endpoint;
    if claims.aud != policy.issuer && !to_endpoint {
        return Err(bad("assertion: aud is not this issuer".into()));
    }
    let expires_at = timestamp(claims.exp)?;
    // RFC 7523 §3, point 4
    if now >= expires_at {
        return Err(bad("assertion: expired".into()));
    }
    if expires_at.duration_since(now) > LONGEST_LIFE + SKEW {
        return Err(bad("assertion: exp is more than 5 minutes ahead".into()));
    }
    // RFC 7523 §3, points 5 and 6
    for (name, seconds) in [("nbf", claims.nbf), ("iat", claims.iat)] {
        if let Some(seconds) = seconds
            && timestamp(seconds)?.duration_since(now) > SKEW
        {
            return Err(bad(format!("assertion: {name} is in the future")));
        }
    }
    if claims.jti.is_empty() || claims.jti.len() > 512 {
        return Err(bad(
            "assertion: jti is empty or longer than 512 bytes".into()
        ));
    }
    Ok(VerifiedAssertion {
        client_id: client.id().clone(),
        jti: Digest::of(claims.jti.as_bytes()),
        expires_at,
    })
}

#[cfg(test)]
#[path = "client_assertion_tests.rs"]
mod tests;
