//! The key ring: list, rotate, remove.

use axum::{Json, extract::State};
use cardea_jose::Algorithm;
use cardea_protocol::model::{KeyState, SigningKeyRow};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    list::List,
    operator::{Body, Name, Operator},
    refusal::Answer,
};
use crate::{app::Shared, keys::active_from};

/// A signing key as the operator sees it.
#[derive(Serialize)]
pub(super) struct View {
    kid: String,
    algorithm: Algorithm,
    state: KeyState,
    created_at: Timestamp,
    /// When it signs for the first time: in the future for a `next` key.
    active_at: Option<Timestamp>,
    retired_at: Option<Timestamp>,
}

impl View {
    fn of(row: &SigningKeyRow) -> Self {
        Self {
            kid: row.kid.clone(),
            algorithm: row.algorithm,
            state: row.state,
            created_at: row.created_at,
            active_at: match row.state {
                KeyState::Next => Some(active_from(row)),
                _ => row.activated_at,
            },
            retired_at: row.retired_at,
        }
    }
}

/// How to rotate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// Sign with the new keys at once, for a key that leaked.
    #[serde(default)]
    now: bool,
}

/// What a rotation began.
#[derive(Serialize)]
pub(super) struct Rotated {
    kids: Vec<String>,
    active_at: Timestamp,
}

/// `GET /keys`: the oldest first.
pub(super) async fn list(
    State(app): State<Shared>,
    _operator: Operator,
) -> Answer<Json<List<View>>> {
    // Another node may have turned the ring.
    app.ring.reload().await?;
    let ring = app.ring.current();
    Ok(Json(List::all(ring.rows().iter().map(View::of).collect())))
}

/// `POST /keys/rotate`
pub(super) async fn rotate(
    State(app): State<Shared>,
    operator: Operator,
    Body(rotation): Body<Rotation>,
) -> Answer<Json<Rotated>> {
    let turned = app.ring.rotate(rotation.now, &operator.cause).await?;
    Ok(Json(Rotated {
        kids: turned.kids,
        active_at: turned.active_at,
    }))
}

/// `DELETE /keys/{kid}`: a key that leaked, at once.
pub(super) async fn remove(
    State(app): State<Shared>,
    operator: Operator,
    Name(kid): Name,
) -> Answer<StatusCode> {
    app.ring.remove(&kid, &operator.cause).await?;
    app.refresh_metadata();
    Ok(StatusCode::NO_CONTENT)
}
