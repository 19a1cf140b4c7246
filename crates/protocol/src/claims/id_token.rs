//! ID tokens: OpenID Core §2, §3.1.3.6.

use cardea_jose::{Algorithm, half_hash};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Issue, userinfo::requested};
use crate::model::{Client, Grant, Sid, User};

/// The claims of an ID token.
#[derive(Debug, Clone, Serialize)]
pub struct IdTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    acr: String,
    amr: Vec<String>,
    at_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(flatten)]
    requested: Map<String, Value>,
}

/// What an ID token depends on beside its grant.
pub struct Beside<'a> {
    /// The algorithm that signs the ID token.
    pub algorithm: Algorithm,
    /// The access token of the same answer.
    pub access_token: &'a str,
    /// The session identifier, while the session is active.
    pub sid: Option<&'a Sid>,
}

/// The claims of a new ID token.
#[must_use]
pub fn id_token(
    issue: Issue<'_>,
    client: &Client,
    user: &User,
    grant: &Grant,
    beside: &Beside<'_>,
) -> IdTokenClaims {
    IdTokenClaims {
        iss: issue.issuer.to_owned(),
        sub: grant.subject.to_string(),
        aud: client.id().to_string(),
        exp: issue.exp(),
        iat: issue.now.as_second(),
        auth_time: grant.context.auth_time.as_second(),
        // OpenID Core §2: passed through unmodified.
        nonce: grant.nonce.clone(),
        acr: grant.context.acr.clone(),
        amr: grant.context.amr.clone(),
        // OpenID Core §3.1.3.6
        at_hash: half_hash(beside.algorithm, beside.access_token.as_bytes()),
        sid: beside.sid.map(ToString::to_string),
        // OpenID Core §5.5: only what was asked for by name; the scopes' claims are at userinfo (§5.4).
        requested: requested(user, &grant.claims.id_token),
    }
}
