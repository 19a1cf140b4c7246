//! Access tokens: RFC 9068 §2.2.

use serde::{Deserialize, Serialize};

use super::Issue;
use crate::{
    model::{Client, Grant, GrantId, Jti, User},
    scope::Scope,
    token::audience::Target,
};

/// The claims of an access token, and what an opaque one has sealed in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// When it dies, in seconds.
    pub exp: i64,
    /// For whom it is: an API, or the issuer.
    pub aud: String,
    /// The person, or the client in its own name.
    pub sub: String,
    /// The client.
    pub client_id: String,
    /// When it was made, in seconds.
    pub iat: i64,
    /// Its own name.
    pub jti: String,
    /// What it allows.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// When the person proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// How.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The person's roles (RFC 9068 §2.2.3.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The row that stands behind it (D10); none for a client in its own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<GrantId>,
}

/// In whose name a token is.
#[derive(Clone, Copy)]
pub enum Holder<'a> {
    /// A person's, by a grant.
    Person(&'a User, &'a Grant),
    /// The client's own.
    Client,
}

/// The claims of a new access token.
#[must_use]
pub fn access_token(
    issue: Issue<'_>,
    client: &Client,
    holder: Holder<'_>,
    target: &Target,
    jti: &Jti,
) -> AccessTokenClaims {
    let claims = AccessTokenClaims {
        iss: issue.issuer.to_owned(),
        exp: issue.exp(),
        aud: target
            .audience
            .as_ref()
            .map_or(issue.issuer, |a| a.as_str())
            .to_owned(),
        // RFC 9068 §2.2: without a person sub names the client.
        sub: client.id().to_string(),
        client_id: client.id().to_string(),
        iat: issue.now.as_second(),
        jti: jti.to_string(),
        scope: target.scope.clone(),
        auth_time: None,
        acr: None,
        amr: Vec::new(),
        roles: Vec::new(),
        grant_id: None,
    };
    match holder {
        Holder::Client => claims,
        Holder::Person(user, grant) => AccessTokenClaims {
            sub: grant.subject.to_string(),
            auth_time: Some(grant.context.auth_time.as_second()),
            acr: Some(grant.context.acr.clone()),
            amr: grant.context.amr.clone(),
            // Roles are for APIs; userinfo has no use for them.
            roles: if target.audience.is_some() {
                user.roles.clone()
            } else {
                Vec::new()
            },
            grant_id: Some(grant.id),
            ..claims
        },
    }
}
