//! Access tokens: RFC 9068 §2.2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ClaimSource, Issue, api_claims};
use crate::{
    model::{Client, Grant, GrantId, Jti, SenderBinding},
    scope::Scope,
    token::audience::Target,
};

/// The claims of a new access token, borrowed from what they are made of: every token request makes some.
#[derive(Debug, Clone, Serialize)]
pub struct NewAccessToken<'a> {
    iss: &'a str,
    exp: i64,
    aud: &'a str,
    sub: &'a str,
    client_id: &'a str,
    iat: i64,
    jti: &'a str,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: &'a Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    amr: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    roles: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_id: Option<GrantId>,
    /// RFC 7800 §3.1
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<SenderBinding>,
    /// Those that the API wants.
    #[serde(flatten)]
    of_user: Map<String, Value>,
}

/// The claims of a presented access token, as far as they are used.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// When it expires, in seconds.
    pub exp: i64,
    /// The audience: an API, or the issuer.
    pub aud: String,
    /// The user, or the client on its own behalf.
    pub sub: String,
    /// The client.
    pub client_id: String,
    /// When it was made, in seconds.
    pub iat: i64,
    /// Its identifier.
    pub jti: String,
    /// What it allows.
    #[serde(default)]
    pub scope: Scope,
    /// When the user authenticated.
    #[serde(default)]
    pub auth_time: Option<i64>,
    /// The authentication context class.
    #[serde(default)]
    pub acr: Option<String>,
    /// The user's roles (RFC 9068 §2.2.3.1).
    #[serde(default)]
    pub roles: Vec<String>,
    /// The grant that it belongs to (D10); none for a client on its own behalf.
    #[serde(default)]
    pub grant_id: Option<GrantId>,
    /// The key that it is bound to.
    #[serde(default)]
    pub cnf: Option<SenderBinding>,
}

/// The holder of a token.
#[derive(Clone, Copy)]
pub enum Holder<'a> {
    /// A user, by a grant.
    User(ClaimSource<'a>, &'a Grant),
    /// The client itself.
    Client,
}

/// The claims of a new access token.
#[must_use]
pub fn access_token<'a>(
    issue: Issue<'a>,
    client: &'a Client,
    holder: Holder<'a>,
    target: &'a Target,
    jti: &'a Jti,
) -> NewAccessToken<'a> {
    let claims = NewAccessToken {
        iss: issue.issuer,
        exp: issue.exp(),
        aud: target
            .audience
            .as_ref()
            .map_or(issue.issuer, |a| a.as_str()),
        // RFC 9068 §2.2: without a user, sub names the client.
        sub: client.id().as_str(),
        client_id: client.id().as_str(),
        iat: issue.now.as_second(),
        jti: jti.as_str(),
        scope: &target.scope,
        auth_time: None,
        acr: None,
        amr: &[],
        roles: &[],
        grant_id: None,
        cnf: None,
        of_user: Map::new(),
    };
    match holder {
        Holder::Client => claims,
        Holder::User(user, grant) => NewAccessToken {
            sub: grant.subject.as_str(),
            auth_time: Some(grant.context.auth_time.as_second()),
            acr: Some(&grant.context.acr),
            amr: &grant.context.amr,
            // Roles are for APIs only.
            roles: match target.audience {
                Some(_) => user.entitled.roles(),
                None => &[],
            },
            grant_id: Some(grant.id),
            cnf: grant.sender,
            of_user: match target.audience {
                Some(_) => api_claims(user, &target.scope, &target.claims),
                None => Map::new(),
            },
            ..claims
        },
    }
}
