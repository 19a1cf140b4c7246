//! What an administrator of an organization may do, over HTTP with an access token: `/api/organizations/{id}/…` (D27, D31).
//!
//! Each handler takes an [`Administers`], which holds the proof `OrgAdmin` for the organization of the path. It names the organization
//! that a handler works on; the path is not read again.

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, State},
    middleware,
};
use cardea_protocol::{model::Subject, roles::check_role_names};
use cardea_store::{PutMember, UserPosition};
use http::{StatusCode, request::Parts};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    administers::{Administers, no_organization},
    conditional::Tries,
    list::Window,
    refusal::{self, Answer, Refusal},
    request::Body,
    tenant_invitations,
    types::{List, ListQuery, Member, Organization as View, RolesPatch},
};
use crate::app::Shared;

/// All routes, with their description (OpenAPI).
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(members))
        .routes(routes!(member, set_member, remove_member))
        .routes(routes!(tenant_invitations::list, tenant_invitations::add))
        .routes(routes!(tenant_invitations::revoke))
}

/// The routes as a part of the provider.
pub(crate) fn router() -> Router<Shared> {
    let (routes, _description) = routes().split_for_parts();
    routes
        .method_not_allowed_fallback(refusal::wrong_method)
        .layer(middleware::from_fn(refusal::log))
}

/// `GET /organizations/{id}`
#[utoipa::path(
    get,
    operation_id = "tenant_show",
    path = "/organizations/{id}",
    summary = "Show the own organization",
    description = "",
    params(("id" = String, Path, description = "The identifier of the organization.")),
    responses(
        (status = 200, description = "The organization.", body = View),
    ),
)]
async fn show(State(app): State<Shared>, by: Administers) -> Answer<Json<View>> {
    let id = by.admin().organization();
    let found = app.store.organization(id).await?;
    let organization = found.ok_or_else(|| no_organization(id.as_str()))?;
    Ok(Json(organization.into()))
}

/// `GET /organizations/{id}/members`
#[utoipa::path(
    get,
    operation_id = "tenant_members",
    path = "/organizations/{id}/members",
    summary = "List the members of the own organization",
    description = "",
    params(("id" = String, Path, description = "The identifier of the organization."), ListQuery),
    responses(
        (status = 200, description = "A page of the members, by user name.", body = List<Member>),
    ),
)]
async fn members(
    State(app): State<Shared>,
    by: Administers,
    Window(page): Window<UserPosition>,
) -> Answer<Json<List<Member>>> {
    let found = app.store.members(by.admin().organization(), page).await?;
    let views = found.items.into_iter().map(Member::from).collect();
    Ok(Json(List::page(views, found.next)))
}

/// The member of a path, by subject. Users who are not members are unknown here: no name of another user is tried.
struct OfMember(Subject);

#[derive(Deserialize)]
struct MemberPath {
    sub: String,
}

impl FromRequestParts<Shared> for OfMember {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let path = Path::<MemberPath>::from_request_parts(parts, app).await;
        let Path(MemberPath { sub }) = path.map_err(|e| Refusal::bad_request(e.body_text()))?;
        Ok(Self(Subject::parse(&sub)?))
    }
}

/// `GET /organizations/{id}/members/{sub}`
#[utoipa::path(
    get,
    operation_id = "tenant_member",
    path = "/organizations/{id}/members/{sub}",
    summary = "Show a member of the own organization",
    description = "",
    params(
        ("id" = String, Path, description = "The identifier of the organization."),
        ("sub" = String, Path, description = "The subject of the member."),
    ),
    responses(
        (status = 200, description = "The member.", body = Member),
    ),
)]
async fn member(
    State(app): State<Shared>,
    by: Administers,
    OfMember(sub): OfMember,
) -> Answer<Json<Member>> {
    let found = app.store.member(by.admin().organization(), &sub).await?;
    Ok(Json(found.ok_or_else(no_member)?.into()))
}

/// `PATCH /organizations/{id}/members/{sub}`: only roles that the administrator has there, too, can be added.
#[utoipa::path(
    patch,
    operation_id = "tenant_member_set",
    path = "/organizations/{id}/members/{sub}",
    summary = "Change the roles of a member of the own organization; only roles that the administrator has there can be added",
    description = "",
    params(
        ("id" = String, Path, description = "The identifier of the organization."),
        ("sub" = String, Path, description = "The subject of the member."),
    ),
    request_body = RolesPatch,
    responses(
        (status = 200, description = "The member as it is now.", body = Member),
    ),
)]
async fn set_member(
    State(app): State<Shared>,
    by: Administers,
    OfMember(sub): OfMember,
    Body(patch): Body<RolesPatch>,
) -> Answer<Json<Member>> {
    let id = by.admin().organization();
    let mut tries = Tries::default();
    loop {
        let mut member = app.store.member(id, &sub).await?.ok_or_else(no_member)?;
        let roles = patch.of(&member.roles)?;
        check_role_names(&roles)?;
        if let Err(role) = by.admin().may_give(&roles, &member.roles) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                format!(
                    "You can only give roles that you have in this organization; {role} is none."
                ),
            ));
        }
        let command = PutMember {
            organization: id.clone(),
            subject: sub.clone(),
            roles: roles.clone(),
            before: Some(std::mem::replace(&mut member.roles, roles)),
            cause: by.cause().clone(),
        };
        let outcome = match app.store.put_member(command).await {
            Ok(true) => Ok(Json(member.into())),
            Ok(false) => Err(no_member()),
            Err(error) => Err(error.into()),
        };
        if !tries.again(&outcome) {
            return outcome;
        }
    }
}

/// `DELETE /organizations/{id}/members/{sub}`: the member's grants in the organization are revoked.
#[utoipa::path(
    delete,
    operation_id = "tenant_member_remove",
    path = "/organizations/{id}/members/{sub}",
    summary = "Remove a member from the own organization; the grants of the member in it are revoked",
    description = "",
    params(
        ("id" = String, Path, description = "The identifier of the organization."),
        ("sub" = String, Path, description = "The subject of the member."),
    ),
    responses(
        (status = 204, description = "The member was removed."),
    ),
)]
async fn remove_member(
    State(app): State<Shared>,
    by: Administers,
    OfMember(sub): OfMember,
) -> Answer<StatusCode> {
    let id = by.admin().organization().clone();
    match app.store.remove_member(id, sub, by.into_cause()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_member()),
    }
}

fn no_member() -> Refusal {
    Refusal::not_found("such member")
}
