//! `POST /federation/{upstream}/backchannel_logout`: a session has ended at an upstream. OpenID Back-Channel Logout §2.5 to §2.8.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use cardea_client::rp::RpError;
use cardea_protocol::{federation::LinkKey, model::Actor};
use cardea_store::EndUpstreamSessions;
use cardea_web::inbound::UnreadForm;
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use serde_json::json;

use crate::{
    ctx::Ctx,
    form::{MAX_STEP_BYTES, read_limited},
};

pub(crate) async fn post(ctx: Ctx, Path(id): Path<String>, form: UnreadForm) -> Response {
    let limiter = &ctx.app.limits.other;
    let pairs = match read_limited(limiter, &ctx.caller, form, MAX_STEP_BYTES).await {
        Ok(pairs) => pairs,
        Err(failure) => return crate::error::oauth::<()>(&ctx.caller, Err(failure)),
    };
    let Some(upstream) = ctx.app.upstreams.find(&id) else {
        return answer(StatusCode::NOT_FOUND, "There is no such provider.");
    };
    let mut tokens = pairs.iter().filter(|(name, _)| name == "logout_token");
    let (Some((_, jwt)), None) = (tokens.next(), tokens.next()) else {
        return answer(StatusCode::BAD_REQUEST, "There must be one logout_token.");
    };
    let (request_id, upstream_id) = (ctx.caller.request_id, upstream.id.as_str());
    let token = match upstream.logout_token(jwt).await {
        Ok(token) => token,
        Err(error) => {
            tracing::warn!(%request_id, upstream = upstream_id, %error, "a logout token is refused");
            return match error {
                RpError::Unavailable(_) => failed(),
                _ => answer(StatusCode::BAD_REQUEST, "The logout token does not hold."),
            };
        }
    };
    let key = |text: &str| LinkKey::of(&upstream.id, &token.iss, text);
    let command = EndUpstreamSessions {
        token: key(&token.jti),
        expires_at: token.expires_at,
        link: token.sub.as_deref().map(key),
        session: token.sid.as_deref().map(key),
        cause: ctx.caller.cause(Actor::System),
    };
    match ctx.app.store.end_upstream_sessions(command).await {
        Ok(Some(sessions)) => {
            tracing::info!(%request_id, upstream = upstream_id, sessions, "another provider ended sessions");
            ctx.app.backchannel_logout.wake();
            // §2.8: 200, also when there was nothing to end.
            private(StatusCode::OK.into_response())
        }
        // §2.6: a `jti` that was used before.
        Ok(None) => answer(StatusCode::BAD_REQUEST, "The logout token was used before."),
        Err(error) => {
            tracing::error!(%request_id, %error, "the logout of another provider could not be carried out");
            failed()
        }
    }
}

fn answer(status: StatusCode, description: &str) -> Response {
    let body = json!({"error": "invalid_request", "error_description": description});
    private((status, Json(body)).into_response())
}

/// A 5xx makes the sender try again.
fn failed() -> Response {
    let body = json!({"error": "temporarily_unavailable"});
    let status = StatusCode::SERVICE_UNAVAILABLE;
    private((status, [("retry-after", "3")], Json(body)).into_response())
}

/// §2.8: not to be cached.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
