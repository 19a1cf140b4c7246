//! `POST /introspection` (RFC 7662): to the client a token was issued to, and to its API (D12).

use axum::{extract::State, response::Response};
use cardea_protocol::{
    OAuthError,
    claims::{Introspection, introspection},
    model::{Audience, Client, Jti},
    request::{Params, TokenQuery},
    resources::Resource,
    token::{client_auth::AuthenticatedClient, refresh_token::RefreshToken},
};
use cardea_web::inbound::UnreadForm;

use crate::{
    answer::Answer,
    app::{App, Shared},
    bearer,
    caller::Caller,
    error::{self, Failure},
    form::read_uncounted,
    limited,
    token::{MAX_BODY_BYTES, authentic, authenticate},
};

/// `POST /introspection`
pub(crate) async fn post(State(app): State<Shared>, caller: Caller, form: UnreadForm) -> Response {
    let result = async {
        let pairs =
            read_uncounted(&app.limits.introspection, &caller, form, MAX_BODY_BYTES).await?;
        let params = Params::new(&pairs, MAX_BODY_BYTES)
            .inspect_err(|_| limited::count(&app.limits.introspection, &caller))?;
        let client = authenticate(&app, &caller, &params).await;
        let known = client.as_ref().map(AuthenticatedClient::client);
        limited::unless_authenticated(&app.limits.introspection, &caller, known);
        let client = client?;
        let client = client.client();
        limited::by_client(&app.limits.introspection_client, client)?;
        // RFC 7662 §2.1: the endpoint must not be open to token scanning, so a public client is refused.
        if client.is_public() {
            return Err(OAuthError::invalid_client("a public client can't introspect").into());
        }
        let query = TokenQuery::parse(&params)?;
        introspect(&app, &caller, client, &query).await
    };
    error::oauth(&caller, result.await)
}

/// RFC 7662 §2.2: a token that is inactive, or that the caller may not introspect, is reported as inactive.
async fn introspect(
    app: &App,
    caller: &Caller,
    client: &Client,
    query: &TokenQuery,
) -> Result<Answer, Failure> {
    let text = query.token.expose();
    if let Some(token) = RefreshToken::parse(text) {
        return refresh_token(app, caller, client, &token).await;
    }
    let Ok(token) = bearer::verified(app, caller, text) else {
        return inactive();
    };
    let claims = token.claims();
    let resource = api(app, &claims.aud);
    let is_its_api = resource.is_some_and(|r| r.introspected_by(client.id()));
    if claims.client_id != client.id().as_str() && !is_its_api {
        return inactive();
    }
    match bearer::introspected(app, caller, &token, resource).await? {
        Err(_) => inactive(),
        Ok(found) => Answer::json(&introspection(
            claims,
            found.username.as_deref(),
            &found.roles,
            found.of_user,
        )),
    }
}

/// The response for an inactive token.
fn inactive() -> Result<Answer, Failure> {
    Answer::json(&Introspection::default())
}

fn api<'a>(app: &'a App, audience: &str) -> Option<&'a Resource> {
    let audience = Audience::parse(audience).ok()?;
    app.settings.resources.find(&audience)
}

/// A refresh token may be introspected only by its client.
async fn refresh_token(
    app: &App,
    caller: &Caller,
    client: &Client,
    token: &RefreshToken,
) -> Result<Answer, Failure> {
    let Some((context, _)) = authentic(app, caller, token).await? else {
        return inactive();
    };
    let grant = &context.grant;
    let Some(refresh) = &grant.refresh else {
        return inactive();
    };
    let current = refresh.generation == token.generation && caller.now < refresh.idle_expires_at;
    if grant.client_id != *client.id() || !current {
        return inactive();
    }
    // No access token has this identifier: only the state of the grant is read.
    let nothing = Jti::parse("-").map_err(|e| Failure::Internal(e.to_string()))?;
    let state = app.store.token_life(grant.id, &nothing, caller.now).await?;
    if state.is_none_or(|s| s.standing.judge(s.life, caller.now).is_err()) {
        return inactive();
    }
    // D11: from now on the token before this one is an old one.
    if !refresh.current_seen {
        app.store
            .note_refresh_seen(grant.id, refresh.generation)
            .await?;
    }
    Answer::json(&Introspection {
        active: true,
        token_use: Some("refresh_token"),
        scope: Some(&grant.scope),
        client_id: Some(grant.client_id.as_str()),
        username: Some(context.user.username.as_str()),
        sub: Some(grant.subject.as_str()),
        iss: Some(app.issuer()),
        exp: Some(refresh.idle_expires_at.min(grant.expires_at).as_second()),
        iat: Some(refresh.rotated_at.as_second()),
        ..Introspection::default()
    })
}
