//! Signs tokens. Nothing is decided here.

use std::sync::Arc;

use cardea_jose::{Algorithm, SigningKey};
use cardea_protocol::{
    claims::{self, Beside, ClaimSource, Holder, Issue},
    model::{AccessTokenFormat, Client, Grant, Jti, Sid},
    scope::Scope,
    token::{
        audience::Target,
        refresh_token::{RefreshToken, TokenKey},
    },
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    answer::json,
    app::App,
    error::Failure,
    keys::{ACCESS_TOKEN_DEFAULT, ID_TOKEN_DEFAULT},
    parts::EPOCH,
    telemetry,
};

/// RFC 6749 §5.1
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: Scope,
}

impl TokenResponse {
    pub(super) fn new(access_token: AccessToken, scope: Scope) -> Self {
        Self {
            access_token: access_token.text,
            token_type: "Bearer",
            expires_in: access_token.ttl.as_secs(),
            refresh_token: None,
            id_token: None,
            scope,
        }
    }

    pub(super) fn with(self, id_token: Option<String>, refresh_token: Option<String>) -> Self {
        Self {
            id_token,
            refresh_token,
            ..self
        }
    }
}

/// A new access token, and how long it lives.
pub(super) struct AccessToken {
    pub(super) text: String,
    ttl: SignedDuration,
}

/// An access token in the client's format. It does not outlive its grant.
pub(super) fn access_token(
    app: &App,
    client: &Client,
    holder: Holder<'_>,
    (target, now): (&Target, Timestamp),
) -> Result<AccessToken, Failure> {
    let ttl = match holder {
        Holder::User(_, grant) => grant
            .expires_at
            .duration_since(now)
            .min(app.settings.access_token_ttl),
        Holder::Client => app.settings.access_token_ttl,
    };
    let jti = Jti::parse(&app.entropy.text(16)).map_err(|e| Failure::Internal(e.to_string()))?;
    let issue = Issue {
        issuer: app.issuer(),
        now,
        ttl,
    };
    let claims = claims::access_token(issue, client, holder, target, &jti);
    let json = json(&claims)?;
    telemetry::ACCESS_TOKENS.increment(1);
    let text = match client.metadata().access_token_format {
        AccessTokenFormat::Opaque => app.seals.access_token.seal_text(&json, b""),
        AccessTokenFormat::Jwt => {
            let algorithm = client
                .metadata()
                .access_token_signing_alg
                .unwrap_or(ACCESS_TOKEN_DEFAULT);
            // RFC 9068 §2.1, unless the API is configured otherwise.
            sign(app, algorithm, target.typ.as_str(), &json)?
        }
    };
    Ok(AccessToken { text, ttl })
}

/// What an ID token is made of.
pub(super) struct IdTokenParts<'a> {
    pub(super) user: ClaimSource<'a>,
    pub(super) grant: &'a Grant,
    /// The access token of the same response.
    pub(super) access_token: &'a str,
    /// The session identifier, while the session is active.
    pub(super) sid: Option<&'a Sid>,
    /// The scope of the response.
    pub(super) scope: &'a Scope,
}

/// An ID token beside an access token.
pub(super) fn id_token(
    app: &App,
    now: Timestamp,
    client: &Client,
    parts: &IdTokenParts<'_>,
) -> Result<String, Failure> {
    let algorithm = client
        .metadata()
        .id_token_signed_response_alg
        .unwrap_or(ID_TOKEN_DEFAULT);
    let beside = Beside {
        algorithm,
        access_token: parts.access_token,
        sid: parts.sid,
        scope: parts.scope,
        catalog: app.settings.resources.catalog(),
    };
    let issue = Issue {
        issuer: app.issuer(),
        now,
        ttl: app.settings.id_token_ttl,
    };
    let claims = claims::id_token(issue, client, parts.user, parts.grant, &beside);
    sign(app, algorithm, "JWT", &json(&claims)?)
}

/// The refresh token of a generation: derived, so that a retry gets the same one.
pub(super) fn refresh_token(
    app: &App,
    grant: &Grant,
    secret: &[u8],
    generation: u32,
) -> Option<String> {
    let refresh = grant.refresh.as_ref()?;
    let key_id = u8::try_from(EPOCH).ok()?;
    let token = RefreshToken::derive(
        TokenKey {
            id: key_id,
            mac: &app.refresh_mac,
        },
        secret,
        refresh.token_id,
        generation,
        &grant.client_id,
    );
    Some(token.to_text())
}

/// A JWT under the active key of an algorithm.
pub(crate) fn sign(
    app: &App,
    algorithm: Algorithm,
    typ: &str,
    payload: &[u8],
) -> Result<String, Failure> {
    let ring = app.ring.current();
    let key: &Arc<SigningKey> = ring
        .signing(algorithm)
        .ok_or_else(|| Failure::Internal(format!("the ring has no active key for {algorithm}")))?;
    key.sign(typ, payload)
        .map_err(|e| Failure::Internal(e.to_string()))
}
