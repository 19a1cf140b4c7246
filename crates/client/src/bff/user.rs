//! `GET /bff/user`: who is logged in.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Bff,
    answers::{login_required, private, unavailable},
};
use crate::rp::IdentityClaims;

/// What a page may know of its session. There is no field that a token could be in.
#[derive(Serialize)]
struct User<'a> {
    claims: &'a IdentityClaims,
    session: Times,
    csrf_token: String,
}

#[derive(Serialize)]
struct Times {
    opened_at: Timestamp,
    /// When it ends if the user does nothing.
    idle_ends_at: Timestamp,
    /// When it ends in any case.
    ends_at: Timestamp,
}

pub(super) async fn user(State(bff): State<Bff>, headers: HeaderMap) -> Response {
    let sessions = &bff.0.sessions;
    let session = match sessions.load(&headers).await {
        Ok(Some(session)) => session,
        Ok(None) => return login_required(),
        Err(error) => {
            tracing::warn!(%error, "who is logged in can't be said");
            return unavailable();
        }
    };
    let user = User {
        claims: session.identity(),
        session: Times {
            opened_at: session.opened_at(),
            idle_ends_at: sessions.ends_at(&session),
            ends_at: sessions.last_moment(&session),
        },
        csrf_token: sessions.csrf_token(&session),
    };
    private(Json(user).into_response())
}
