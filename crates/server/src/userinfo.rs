//! `GET` and `POST /userinfo` (OpenID Core §5.3).

use std::borrow::Cow;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use cardea_protocol::{
    ErrorCode, OAuthError,
    claims::{self, ClaimSource},
    model::Client,
    scope::OPENID,
    token::require_unbound,
};
use cardea_store::TokenState;
use cardea_web::inbound::{FormError, UnreadForm};
use http::{HeaderValue, header};
use serde_json::{Map, Value};

use crate::{
    answer,
    app::{App, Shared},
    bearer,
    caller::Caller,
    cors,
    error::{self, Failure},
    form::MAX_PAGE_BYTES,
    limited,
    token::mint,
};

const NO_TOKEN: &str = "no access token was sent";

/// `GET /userinfo`
pub(crate) async fn get(State(app): State<Shared>, caller: Caller) -> Response {
    answer(&app, &caller, &[]).await
}

/// `POST /userinfo`: the token in the header, or in the form (RFC 6750 §2.2).
pub(crate) async fn post(State(app): State<Shared>, caller: Caller, form: UnreadForm) -> Response {
    if let Err(limited) = limited::peek_network(&app.limits.other, &caller) {
        return error::oauth::<Response>(&caller, Err(limited));
    }
    match form.read(MAX_PAGE_BYTES).await {
        Ok(form) => answer(&app, &caller, &form.0).await,
        // OpenID Core §5.3.1 doesn't ask for a body.
        Err(FormError::ContentType) => answer(&app, &caller, &[]).await,
        Err(unreadable) => error::oauth::<Response>(&caller, Err(unreadable.into())),
    }
}

async fn answer(app: &App, caller: &Caller, pairs: &[(String, String)]) -> Response {
    let mut client_id = None;
    let result = userinfo(app, caller, pairs, &mut client_id).await;
    let origins = match &client_id {
        Some(id) => cors::origins_of(app, id).await,
        None => Vec::new(),
    };
    let failed = result.as_ref().err().and_then(challenge);
    let mut response = error::oauth(caller, result);
    let headers = response.headers_mut();
    if let Some(challenge) = failed.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    // A page of an unknown origin learns only that the token is invalid.
    let known = |origin: &str| {
        if client_id.is_some() {
            origins.iter().any(|o| o == origin)
        } else {
            app.clients.knows_origin(origin)
        }
    };
    cors::USERINFO.answer(&caller.headers, headers, known);
    response
}

async fn userinfo(
    app: &App,
    caller: &Caller,
    pairs: &[(String, String)],
    client_id: &mut Option<String>,
) -> Result<Response, Failure> {
    limited::by_network(&app.limits.other, caller)?;
    let invalid = |cause: Cow<'static, str>| {
        OAuthError::new(
            ErrorCode::InvalidToken,
            "the access token is invalid, expired or revoked",
        )
        .because(cause)
    };
    let token = bearer::presented(caller, pairs)?.ok_or_else(|| invalid(NO_TOKEN.into()))?;
    let token = bearer::verified(app, caller, &token)?;
    let claims = token.claims();
    // RFC 9449 §7.2: nothing but a bearer token is taken here.
    require_unbound(claims.cnf.as_ref()).map_err(|why| invalid(why.to_string().into()))?;
    *client_id = Some(claims.client_id.clone());
    let client = app
        .clients
        .find(&claims.client_id)
        .await?
        .ok_or_else(|| invalid("the client is gone".into()))?;
    // D12: a token for the issuer, or one of the same client for an API where the client allows it.
    if claims.aud != app.issuer() && !client.metadata().userinfo_with_api_token {
        return Err(invalid("it is for another audience".into()).into());
    }
    let state = match bearer::state(app, caller, &token).await? {
        Ok(state) => state,
        Err(why) => return Err(invalid(why.to_string().into()).into()),
    };
    // OpenID Core §5.3: an access token of an OpenID request.
    if !claims.scope.contains(OPENID) {
        return Err(OAuthError::new(
            ErrorCode::InsufficientScope,
            "the access token has no openid scope",
        )
        .into());
    }
    let TokenState {
        user,
        grant,
        assigned,
        ..
    } = state;
    let entitled = app.roles.entitle(&user, assigned, client.id()).await?;
    let source = ClaimSource {
        user: &user,
        entitled: &entitled,
    };
    let members = claims::userinfo(
        source,
        &claims.scope,
        &grant.claims,
        app.settings.resources.catalog(),
    );
    respond(app, &client, members)
}

/// OpenID Core §5.3.2: JSON, or a JWT where the client is registered for it.
fn respond(
    app: &App,
    client: &Client,
    mut members: Map<String, Value>,
) -> Result<Response, Failure> {
    let Some(algorithm) = client.metadata().userinfo_signed_response_alg else {
        return Ok(Json(members).into_response());
    };
    members.insert("iss".to_owned(), app.issuer().into());
    members.insert("aud".to_owned(), client.id().as_str().into());
    let jwt = mint::sign(app, algorithm, "JWT", &answer::json(&members)?)?;
    Ok(([(header::CONTENT_TYPE, "application/jwt")], jwt).into_response())
}

/// RFC 6750 §3: without a token only the scheme, else the error too.
fn challenge(failure: &Failure) -> Option<String> {
    let Failure::OAuth(e) = failure else {
        return None;
    };
    if e.cause() == Some(NO_TOKEN) {
        return Some("Bearer realm=\"cardea\"".to_owned());
    }
    let scope = if e.code() == ErrorCode::InsufficientScope {
        ", scope=\"openid\""
    } else {
        ""
    };
    let (code, description) = (e.code(), error::legible(e.description()));
    Some(format!(
        "Bearer realm=\"cardea\", error=\"{code}\", error_description=\"{description}\"{scope}"
    ))
}
