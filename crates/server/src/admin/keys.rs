//! The key ring: list, rotate, remove.

use axum::{Json, extract::State};
use cardea_protocol::model::{KeyState, SigningKeyRow};
use http::StatusCode;

use super::{
    operator::Operator,
    refusal::Answer,
    request::{Body, Name},
    types::{Key as View, List, Rotated, Rotation},
};
use crate::{app::Shared, keys::active_from};

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

/// `GET /keys`: the oldest first.
#[utoipa::path(
    get,
    operation_id = "keys_list",
    path = "/keys",
    summary = "List the keys",
    description = "",
    responses(
        (status = 200, description = "All keys, the oldest first.", body = List<View>),
    ),
)]
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
#[utoipa::path(
    post,
    operation_id = "keys_rotate",
    path = "/keys/rotate",
    summary = "Rotate the keys",
    description = "",
    request_body = Rotation,
    responses(
        (status = 200, description = "The new keys.", body = Rotated),
    ),
)]
pub(super) async fn rotate(
    State(app): State<Shared>,
    operator: Operator,
    Body(rotation): Body<Rotation>,
) -> Answer<Json<Rotated>> {
    let turned = app.ring.rotate(rotation.now, operator.cause()).await?;
    Ok(Json(Rotated {
        kids: turned.kids,
        active_at: turned.active_at,
    }))
}

/// `DELETE /keys/{kid}`: a key that leaked, at once.
#[utoipa::path(
    delete,
    operation_id = "keys_remove",
    path = "/keys/{kid}",
    summary = "Remove a key that leaked, at once",
    description = "",
    params(("kid" = String, Path, description = "The id of the key.")),
    responses(
        (status = 204, description = "The key was removed."),
    ),
)]
pub(super) async fn remove(
    State(app): State<Shared>,
    operator: Operator,
    Name(kid): Name,
) -> Answer<StatusCode> {
    app.ring.remove(&kid, operator.cause()).await?;
    app.refresh_metadata();
    Ok(StatusCode::NO_CONTENT)
}
