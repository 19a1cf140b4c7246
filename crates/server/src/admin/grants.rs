//! Grants: list all, list those of a user, revoke.

use axum::{Json, extract::State};
use cardea_protocol::model::{ClientId, GrantId, RevocationReason, Subject, Username};
use cardea_store::{GrantPosition, GrantView, RevokeGrant};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    list::{List, Window},
    operator::{Name, Operator},
    refusal::{Answer, Refusal},
    sessions::Names,
    users,
};
use crate::app::Shared;

/// A grant as the operator sees it.
#[derive(Serialize)]
pub(super) struct View {
    id: GrantId,
    client_id: ClientId,
    sub: Subject,
    username: Option<Username>,
    sid: Option<String>,
    scope: String,
    /// Whether it outlives its session.
    offline: bool,
    /// Why none of its tokens is valid, if so.
    dead: Option<&'static str>,
    created_at: Timestamp,
    expires_at: Timestamp,
    refresh: Option<RefreshView>,
}

/// How its refresh token was used.
#[derive(Serialize)]
struct RefreshView {
    rotations: u32,
    rotated_at: Timestamp,
    idle_expires_at: Timestamp,
    late_retry_at: Option<Timestamp>,
    anomaly_at: Option<Timestamp>,
}

impl View {
    fn of(view: GrantView, username: Option<Username>, now: Timestamp) -> Self {
        let GrantView {
            grant,
            standing,
            sid,
        } = view;
        Self {
            dead: standing.judge(&grant, now).err(),
            offline: grant.is_offline(),
            id: grant.id,
            client_id: grant.client_id,
            sub: grant.subject,
            username,
            sid,
            scope: grant.scope.to_string(),
            created_at: grant.created_at,
            expires_at: grant.expires_at,
            refresh: grant.refresh.map(|refresh| RefreshView {
                rotations: refresh.generation,
                rotated_at: refresh.rotated_at,
                idle_expires_at: refresh.idle_expires_at,
                late_retry_at: refresh.late_retry_at,
                anomaly_at: refresh.anomaly_at,
            }),
        }
    }
}

/// `GET /grants`: the active ones, the newest first.
pub(super) async fn list(
    State(app): State<Shared>,
    operator: Operator,
    Window(page): Window<GrantPosition>,
) -> Answer<Json<List<View>>> {
    let now = operator.cause.now;
    let mut names = Names::default();
    let mut views = Vec::new();
    let grants = app.store.grants(page, now).await?;
    for grant in grants.items {
        let name = names.of(&app, &grant.grant.subject).await?;
        views.push(View::of(grant, name, now));
    }
    Ok(Json(List::page(views, grants.next)))
}

/// `GET /users/{user}/grants`
pub(super) async fn of_user(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Window(page): Window<GrantPosition>,
) -> Answer<Json<List<View>>> {
    let now = operator.cause.now;
    let user = users::find(&app, &user).await?;
    let grants = app.store.grants_of(&user.subject, page, now).await?;
    let view = |grant| View::of(grant, Some(user.username.clone()), now);
    let views = grants.items.into_iter().map(view).collect();
    Ok(Json(List::page(views, grants.next)))
}

/// `DELETE /grants/{id}`: all its tokens stop working.
pub(super) async fn revoke(
    State(app): State<Shared>,
    operator: Operator,
    Name(id): Name,
) -> Answer<StatusCode> {
    let command = RevokeGrant {
        id: GrantId::parse(&id)?,
        subject: None,
        client_id: None,
        reason: RevocationReason::Operator,
        cause: operator.cause,
    };
    match app.store.revoke_grant(command).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::not_found(format_args!("active grant {id}"))),
    }
}
