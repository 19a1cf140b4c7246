//! The answer of `/introspection`: RFC 7662 §2.2.

use serde::Serialize;
use serde_json::{Map, Value};

use super::AccessTokenClaims;
use crate::{model::SenderBinding, scope::Scope};

/// The introspection response; for an inactive token only `active`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Introspection<'a> {
    /// Whether the token is active.
    pub active: bool,
    /// `access_token` or `refresh_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_use: Option<&'static str>,
    /// `Bearer` or `DPoP`, for an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// What it allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'a Scope>,
    /// The client it was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<&'a str>,
    /// The user's login name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<&'a str>,
    /// The subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<&'a str>,
    /// The audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<&'a str>,
    /// The issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<&'a str>,
    /// When it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// Its identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<&'a str>,
    /// When the user authenticated (RFC 9470 §6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The authentication context class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<&'a str>,
    /// The user's roles.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub roles: &'a [String],
    /// The key that the token is bound to (RFC 9449 §6.2, RFC 8705 §3.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<SenderBinding>,
    /// The claims of the user that the API wants.
    #[serde(flatten)]
    pub of_user: Map<String, Value>,
}

/// The answer for an active access token. User name and roles are those of this moment.
#[must_use]
pub fn introspection<'a>(
    claims: &'a AccessTokenClaims,
    username: Option<&'a str>,
    roles: &'a [String],
    of_user: Map<String, Value>,
) -> Introspection<'a> {
    Introspection {
        active: true,
        token_use: Some("access_token"),
        // RFC 9449 §6.2; a token that is bound to a certificate is a bearer token by its type (RFC 8705 §3).
        token_type: Some(match claims.cnf {
            Some(SenderBinding::Dpop { .. }) => "DPoP",
            Some(SenderBinding::Mtls { .. }) | None => "Bearer",
        }),
        scope: Some(&claims.scope),
        client_id: Some(&claims.client_id),
        username,
        sub: Some(&claims.sub),
        aud: Some(&claims.aud),
        iss: Some(&claims.iss),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        jti: Some(&claims.jti),
        auth_time: claims.auth_time,
        acr: claims.acr.as_deref(),
        roles,
        cnf: claims.cnf,
        of_user,
    }
}
