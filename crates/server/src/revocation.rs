//! `POST /revocation` (RFC 7009): a refresh token is revoked with its grant, an access token by itself.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use cardea_protocol::{
    model::{Actor, Client, Jti, RevocationReason},
    request::{Params, TokenQuery},
    token::{client_auth::AuthenticatedClient, refresh_token::RefreshToken},
};
use cardea_store::{RevokeGrant, RevokeToken};
use cardea_web::inbound::UnreadForm;
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    app::{App, Shared},
    bearer,
    caller::Caller,
    cors,
    error::{self, Failure},
    form::read_uncounted,
    limited,
    token::{MAX_BODY_BYTES, authentic, authenticate},
};

/// `POST /revocation`
pub(crate) async fn post(State(app): State<Shared>, caller: Caller, form: UnreadForm) -> Response {
    let pairs = read_uncounted(&app.limits.revocation, &caller, form, MAX_BODY_BYTES).await;
    let known = pairs.as_deref().unwrap_or_default();
    let origins = cors::claimed_origins(&app, &caller, known).await;
    let result = async {
        let pairs = pairs?;
        let params = Params::new(&pairs, MAX_BODY_BYTES)
            .inspect_err(|_| limited::count(&app.limits.revocation, &caller))?;
        let client = authenticate(&app, &caller, &params).await;
        let known = client.as_ref().map(AuthenticatedClient::client);
        limited::unless_authenticated(&app.limits.revocation, &caller, known);
        let client = client?;
        let client = client.client();
        limited::by_client(&app.limits.revocation_client, client)?;
        revoke(&app, &caller, client, &TokenQuery::parse(&params)?).await?;
        // RFC 7009 §2.2: also for a token that is unknown, expired or of another client.
        Ok(StatusCode::OK)
    };
    let mut response = error::oauth(&caller, result.await.map(IntoResponse::into_response));
    cors::TOKEN.answer(&caller.headers, response.headers_mut(), |origin| {
        origins.iter().any(|o| o == origin)
    });
    response
}

async fn revoke(
    app: &App,
    caller: &Caller,
    client: &Client,
    query: &TokenQuery,
) -> Result<(), Failure> {
    let text = query.token.expose();
    let cause = caller.cause(Actor::Client(client.id().clone()));
    if let Some(token) = RefreshToken::parse(text) {
        let Some((context, _)) = authentic(app, caller, &token).await? else {
            return Ok(());
        };
        // RFC 7009 §2.1: only the client it was issued to; the request of another one changes nothing.
        let command = RevokeGrant {
            id: context.grant.id,
            subject: None,
            client_id: Some(client.id().clone()),
            reason: RevocationReason::Client,
            cause,
        };
        app.store.revoke_grant(command).await?;
        return Ok(());
    }
    let Ok(token) = bearer::verified(app, caller, text) else {
        return Ok(());
    };
    let claims = token.claims();
    if claims.client_id != client.id().as_str() {
        return Ok(());
    }
    let (Ok(jti), Ok(expires_at)) = (Jti::parse(&claims.jti), Timestamp::from_second(claims.exp))
    else {
        return Ok(());
    };
    let command = RevokeToken {
        jti,
        client_id: client.id().clone(),
        expires_at,
        cause,
    };
    Ok(app.store.revoke_token(command).await?)
}
