//! Grants: list all, list those of a user, revoke.

use axum::{Json, extract::State};
use cardea_protocol::model::{GrantId, RevocationReason, Username};
use cardea_store::{GrantPosition, GrantView, RevokeGrant};
use http::StatusCode;
use jiff::Timestamp;

use super::{
    list::Window,
    operator::Operator,
    refusal::{Answer, Refusal},
    request::Name,
    sessions::Names,
    types::{Grant as View, List, ListQuery, RefreshUse},
    users,
};
use crate::app::Shared;

impl View {
    fn of(view: GrantView, username: Option<Username>, now: Timestamp) -> Self {
        let GrantView {
            grant,
            standing,
            sid,
        } = view;
        Self {
            dead: standing.judge(&grant, now).err().map(|why| why.to_string()),
            offline: grant.is_offline(),
            id: grant.id,
            client_id: grant.client_id,
            sub: grant.subject,
            username,
            sid,
            scope: grant.scope.to_string(),
            created_at: grant.created_at,
            expires_at: grant.expires_at,
            refresh: grant.refresh.map(|refresh| RefreshUse {
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
#[utoipa::path(
    get,
    operation_id = "grants_list",
    path = "/grants",
    summary = "List the active grants",
    description = "",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of the active grants, the newest first.", body = List<View>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    operator: Operator,
    Window(page): Window<GrantPosition>,
) -> Answer<Json<List<View>>> {
    let now = operator.now();
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
#[utoipa::path(
    get,
    operation_id = "grants_of_user",
    path = "/users/{user}/grants",
    summary = "List the active grants of a user",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject."), ListQuery),
    responses(
        (status = 200, description = "A page of the active grants of the user, the newest first.", body = List<View>),
    ),
)]
pub(super) async fn of_user(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Window(page): Window<GrantPosition>,
) -> Answer<Json<List<View>>> {
    let now = operator.now();
    let user = users::find(&app, &user).await?;
    let grants = app.store.grants_of(&user.subject, page, now).await?;
    let view = |grant| View::of(grant, Some(user.username.clone()), now);
    let views = grants.items.into_iter().map(view).collect();
    Ok(Json(List::page(views, grants.next)))
}

/// `DELETE /grants/{id}`: all its tokens stop working.
#[utoipa::path(
    delete,
    operation_id = "grants_revoke",
    path = "/grants/{id}",
    summary = "Revoke a grant: all its tokens stop working",
    description = "",
    params(("id" = String, Path, description = "The id of the grant.")),
    responses(
        (status = 204, description = "The grant was revoked."),
    ),
)]
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
        cause: operator.into_cause(),
    };
    match app.store.revoke_grant(command).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::not_found(format_args!("active grant {id}"))),
    }
}
