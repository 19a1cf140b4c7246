//! `POST /bff/backchannel-logout`: the provider says that a session has ended. OpenID Back-Channel Logout §2.5 to §2.8.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use cardea_web::inbound::FormPairs;
use http::StatusCode;
use serde_json::json;

use super::{Bff, answers::private};
use crate::{rp::RpError, session::NoticeAnswer};

pub(super) async fn backchannel_logout(
    State(bff): State<Bff>,
    form: Result<FormPairs, cardea_web::inbound::FormError>,
) -> Response {
    let Ok(FormPairs(pairs)) = form else {
        return refused("The request is not a form that can be read.");
    };
    let mut tokens = pairs.iter().filter(|(name, _)| name == "logout_token");
    let (Some((_, jwt)), None) = (tokens.next(), tokens.next()) else {
        return refused("There must be one logout_token.");
    };
    let token = match bff.0.rp.logout_token(jwt).await {
        Ok(token) => token,
        Err(error) => {
            tracing::warn!(%error, "a logout token is refused");
            return match error {
                RpError::Unavailable(_) => failed(),
                _ => refused("The logout token does not hold."),
            };
        }
    };
    match bff.0.sessions.end_by_logout_token(&token).await {
        Ok(NoticeAnswer::Ended(sessions)) => {
            tracing::info!(sessions, "the provider ended sessions");
            // §2.8: 200, also when there was nothing to end.
            private(StatusCode::OK.into_response())
        }
        // §2.6: a `jti` that was seen before.
        Ok(NoticeAnswer::Replayed) => refused("The logout token was seen before."),
        Err(error) => {
            tracing::error!(%error, "the provider's logout could not be carried out");
            failed()
        }
    }
}

/// §2.8: 400 for what is invalid, with a JSON object that says why.
fn refused(description: &str) -> Response {
    let body = json!({"error": "invalid_request", "error_description": description});
    private((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

/// §2.8 asks for 400 here too; a 5xx says the same and is what makes a sender try again.
fn failed() -> Response {
    let body = json!({"error": "temporarily_unavailable"});
    let status = StatusCode::SERVICE_UNAVAILABLE;
    private((status, [("retry-after", "3")], Json(body)).into_response())
}
