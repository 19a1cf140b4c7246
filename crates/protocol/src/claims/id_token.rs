//! ID tokens: OpenID Core §2, §3.1.3.6.

use cardea_jose::{Algorithm, half_hash};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Catalog, ClaimSource, Issue, MAX_CLAIM_BYTES,
    userinfo::{bounded, requested},
};
use crate::{
    model::{Client, Grant, Sid},
    scope::Scope,
};

/// The claims that an ID token carries by default, if their scope is granted: many applications read nothing else.
pub const ID_TOKEN_CLAIMS: [&str; 8] = [
    "name",
    "preferred_username",
    "email",
    "email_verified",
    "roles",
    "groups",
    "org_id",
    "org_name",
];

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
    of_user: Map<String, Value>,
}

/// What an ID token depends on beside its grant.
pub struct Beside<'a> {
    /// The algorithm that signs the ID token.
    pub algorithm: Algorithm,
    /// The access token of the same answer.
    pub access_token: &'a str,
    /// The session identifier, while the session is active.
    pub sid: Option<&'a Sid>,
    /// The scope of the response.
    pub scope: &'a Scope,
    /// The claims by scope.
    pub catalog: &'a Catalog,
}

/// The claims of a new ID token.
#[must_use]
pub fn id_token(
    issue: Issue<'_>,
    client: &Client,
    user: ClaimSource<'_>,
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
        of_user: of_user(client, user, grant, beside),
    }
}

/// The user's claims: those requested by name (OpenID Core §5.5), and those of the granted scopes that the client wants in
/// the ID token (§2 allows them; by default the ones that applications read there).
fn of_user(
    client: &Client,
    user: ClaimSource<'_>,
    grant: &Grant,
    beside: &Beside<'_>,
) -> Map<String, Value> {
    let (scope, catalog) = (beside.scope, beside.catalog);
    let mut claims = requested(user, &grant.claims.id_token, scope, catalog);
    let room = MAX_CLAIM_BYTES.saturating_sub(size(&claims));
    let wanted = |name: &&str| !claims.contains_key(*name) && catalog.gives(scope, name);
    let more = match &client.metadata().id_token_claims {
        None => bounded(user, ID_TOKEN_CLAIMS.into_iter().filter(wanted), room),
        Some(list) => {
            let names = list.iter().map(String::as_str);
            bounded(user, names.filter(wanted), room)
        }
    };
    claims.extend(more);
    claims
}

fn size(claims: &Map<String, Value>) -> usize {
    claims
        .iter()
        .map(|(name, value)| name.len() + value.to_string().len())
        .sum()
}
