//! The invitations to an organization, for its administrators.
//!
//! The link is only ever mailed: an administrator who could read it would get an account with an address of others.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
};
use cardea_protocol::{invitation::shown_name, model::Subject};
use cardea_store::InvitationPosition;
use http::{StatusCode, request::Parts};
use serde::Deserialize;

use super::{
    administers::{Administers, no_organization},
    invitations::{Asking, invite, revoke_in},
    list::Window,
    refusal::{Answer, Refusal},
    request::Body,
    types::{Invitation as View, Invited, List, ListQuery, NewInvitation, NewMemberInvitation},
};
use crate::app::Shared;

/// `GET /organizations/{id}/invitations`
#[utoipa::path(
    get,
    operation_id = "tenant_invitations",
    path = "/organizations/{id}/invitations",
    summary = "List the invitations to the own organization that were not used yet",
    description = "",
    params(("id" = String, Path, description = "The identifier of the organization."), ListQuery),
    responses(
        (status = 200, description = "A page of the invitations, the oldest first.", body = List<View>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    by: Administers,
    Window(page): Window<InvitationPosition>,
) -> Answer<Json<List<View>>> {
    let id = by.admin().organization();
    let found = app.store.invitations(Some(id), page, by.cause().now);
    let found = found.await?;
    let views = found.items.into_iter().map(View::from).collect();
    Ok(Json(List::page(views, found.next)))
}

/// `POST /organizations/{id}/invitations`: only with roles that the administrator has there, too.
#[utoipa::path(
    post,
    operation_id = "tenant_invite",
    path = "/organizations/{id}/invitations",
    summary = "Invite an address to the own organization, with roles that the administrator has there",
    description = "",
    params(("id" = String, Path, description = "The identifier of the organization.")),
    request_body = NewMemberInvitation,
    responses(
        (status = 201, description = "The invitation, which is mailed. The answer is the same whether or not the address has an account.", body = Invited),
    ),
)]
pub(super) async fn add(
    State(app): State<Shared>,
    by: Administers,
    Body(new): Body<NewMemberInvitation>,
) -> Answer<(StatusCode, Json<Invited>)> {
    let id = by.admin().organization().clone();
    if let Err(role) = by.admin().may_give(&new.roles, &[]) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            format!("You can only give roles that you have in this organization; {role} is none."),
        ));
    }
    if !app.mail.is_on() {
        return Err(Refusal::conflict(
            "This provider sends no mail. Ask its operator for the invitation.",
        ));
    }
    // One mailbox gets no flood of mails.
    let key = format!("invitation {id} {}", new.email.to_lowercase());
    if !app.limits.login_account.check(key.as_str()).allowed {
        return Err(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Rate limit exceeded; retry later.",
        ));
    }
    let found = app.store.organization(&id).await?;
    let asked = Asking {
        organization: Some(found.ok_or_else(|| no_organization(id.as_str()))?),
        inviter: name_of(&app, by.admin().subject()).await?,
        new: NewInvitation {
            email: new.email,
            username: None,
            organization: Some(id.to_string()),
            roles: new.roles,
            language: new.language,
            valid_seconds: new.valid_seconds,
        },
        cause: by.into_cause(),
    };
    Ok((StatusCode::CREATED, Json(invite(&app, asked).await?)))
}

/// The name of the user who invites, as it is shown.
async fn name_of(app: &Shared, subject: &Subject) -> Answer<Option<String>> {
    let Some(user) = app.store.user(subject).await? else {
        return Ok(None);
    };
    let name = user.claims.get("name").and_then(serde_json::Value::as_str);
    let name = name.and_then(shown_name);
    Ok(name.or_else(|| shown_name(user.username.as_str())))
}

/// The invitation of a path.
pub(super) struct OfInvitation(String);

#[derive(Deserialize)]
struct InvitationPath {
    invitation: String,
}

impl FromRequestParts<Shared> for OfInvitation {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let path = Path::<InvitationPath>::from_request_parts(parts, app).await;
        let Path(path) = path.map_err(|e| Refusal::bad_request(e.body_text()))?;
        Ok(Self(path.invitation))
    }
}

/// `DELETE /organizations/{id}/invitations/{invitation}`
#[utoipa::path(
    delete,
    operation_id = "tenant_invitation_revoke",
    path = "/organizations/{id}/invitations/{invitation}",
    summary = "Revoke an invitation to the own organization: its link does nothing any more",
    description = "",
    params(
        ("id" = String, Path, description = "The identifier of the organization."),
        ("invitation" = String, Path, description = "The identifier of the invitation."),
    ),
    responses(
        (status = 204, description = "The invitation was revoked."),
    ),
)]
pub(super) async fn revoke(
    State(app): State<Shared>,
    by: Administers,
    OfInvitation(invitation): OfInvitation,
) -> Answer<StatusCode> {
    let id = by.admin().organization().clone();
    revoke_in(&app, &invitation, Some(id), by.into_cause()).await
}
