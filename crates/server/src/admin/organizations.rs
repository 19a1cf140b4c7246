//! Organizations: list, show, add, set, remove, and their members.

use axum::{Json, extract::State};
use cardea_protocol::{
    model::{OrganizationId, Owner},
    roles::{self, OrganizationConfig, check_organization, check_role_names},
};
use cardea_store::{Member as Row, PutMember, PutOrganization, UserPosition};
use http::StatusCode;

use super::{
    conditional::Tries,
    list::Window,
    operator::Operator,
    refusal::{Answer, Refusal},
    request::{Body, Name, TwoNames},
    types::{
        List, ListQuery, Member, NewMember, NewOrganization, Organization as View,
        OrganizationPatch, RolesPatch,
    },
    users,
};
use crate::app::Shared;

impl From<roles::Organization> for View {
    fn from(organization: roles::Organization) -> Self {
        Self {
            id: organization.id,
            name: organization.name,
            domains: organization.domains,
            join_by_domain: organization.join_by_domain,
            owner: organization.owner,
            enabled: organization.enabled,
        }
    }
}

impl From<Row> for Member {
    fn from(row: Row) -> Self {
        Self {
            roles: Some(row.roles),
            joined_at: Some(row.joined_at),
            ..Self::from(row.user)
        }
    }
}

/// `GET /organizations`
#[utoipa::path(
    get,
    operation_id = "organizations_list",
    path = "/organizations",
    summary = "List the organizations",
    description = "",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of the organizations, by identifier.", body = List<View>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    _operator: Operator,
    Window(page): Window<OrganizationId>,
) -> Answer<Json<List<View>>> {
    let found = app.store.organizations(page).await?;
    let views = found.items.into_iter().map(View::from).collect();
    Ok(Json(List::page(views, found.next)))
}

/// `GET /organizations/{id}`
#[utoipa::path(
    get,
    operation_id = "organizations_show",
    path = "/organizations/{id}",
    summary = "Show an organization",
    description = "",
    params(("id" = String, Path, description = "The identifier of the organization.")),
    responses(
        (status = 200, description = "The organization.", body = View),
    ),
)]
pub(super) async fn show(
    State(app): State<Shared>,
    _operator: Operator,
    Name(id): Name,
) -> Answer<Json<View>> {
    Ok(Json(find(&app, &id).await?.into()))
}

/// `POST /organizations`
#[utoipa::path(
    post,
    operation_id = "organizations_add",
    path = "/organizations",
    summary = "Add an organization",
    description = "",
    request_body = NewOrganization,
    responses(
        (status = 201, description = "The organization was added.", body = View),
    ),
)]
pub(super) async fn add(
    State(app): State<Shared>,
    operator: Operator,
    Body(new): Body<NewOrganization>,
) -> Answer<(StatusCode, Json<View>)> {
    let config = OrganizationConfig {
        name: new.name.unwrap_or_else(|| new.id.clone()),
        id: new.id,
        domains: new.domains,
        join_by_domain: new.join_by_domain,
    };
    let organization = check_organization(&config, Owner::Store)?;
    let command = PutOrganization {
        organization: organization.clone(),
        before: None,
        cause: operator.into_cause(),
    };
    app.store.put_organization(command).await?;
    Ok((StatusCode::CREATED, Json(organization.into())))
}

/// `PATCH /organizations/{id}`
#[utoipa::path(
    patch,
    operation_id = "organizations_set",
    path = "/organizations/{id}",
    summary = "Change an organization",
    description = "",
    params(("id" = String, Path, description = "The identifier of the organization.")),
    request_body = OrganizationPatch,
    responses(
        (status = 200, description = "The organization as it is now.", body = View),
    ),
)]
pub(super) async fn set(
    State(app): State<Shared>,
    operator: Operator,
    Name(id): Name,
    Body(patch): Body<OrganizationPatch>,
) -> Answer<Json<View>> {
    let mut tries = Tries::default();
    loop {
        let before = find(&app, &id).await?;
        let outcome = change(&app, &operator, before, &patch).await;
        if !tries.again(&outcome) {
            return outcome.map(Json);
        }
    }
}

async fn change(
    app: &Shared,
    operator: &Operator,
    before: roles::Organization,
    patch: &OrganizationPatch,
) -> Answer<View> {
    let config = OrganizationConfig {
        id: before.id.to_string(),
        name: patch.name.clone().unwrap_or_else(|| before.name.clone()),
        domains: patch
            .domains
            .clone()
            .unwrap_or_else(|| before.domains.clone()),
        join_by_domain: patch.join_by_domain.unwrap_or(before.join_by_domain),
    };
    let organization = check_organization(&config, Owner::Store)?;
    let command = PutOrganization {
        organization: organization.clone(),
        before: Some(before),
        cause: operator.cause().clone(),
    };
    match app.store.put_organization(command).await? {
        true => Ok(organization.into()),
        false => Err(unknown(organization.id.as_str())),
    }
}

/// `DELETE /organizations/{id}`: with its members, and what was granted in it.
#[utoipa::path(
    delete,
    operation_id = "organizations_remove",
    path = "/organizations/{id}",
    summary = "Remove an organization with its members and all grants that were given in it",
    description = "",
    params(("id" = String, Path, description = "The identifier of the organization.")),
    responses(
        (status = 204, description = "The organization was removed."),
    ),
)]
pub(super) async fn remove(
    State(app): State<Shared>,
    operator: Operator,
    Name(id): Name,
) -> Answer<StatusCode> {
    let removal = app
        .store
        .remove_organization(OrganizationId::parse(&id)?, operator.into_cause());
    match removal.await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&id)),
    }
}

/// `GET /organizations/{id}/members`
#[utoipa::path(
    get,
    operation_id = "organizations_members",
    path = "/organizations/{id}/members",
    summary = "List the members of an organization",
    description = "",
    params(("id" = String, Path, description = "The identifier of the organization."), ListQuery),
    responses(
        (status = 200, description = "A page of the members, by user name.", body = List<Member>),
    ),
)]
pub(super) async fn members(
    State(app): State<Shared>,
    _operator: Operator,
    Name(id): Name,
    Window(page): Window<UserPosition>,
) -> Answer<Json<List<Member>>> {
    let organization = find(&app, &id).await?;
    let found = app.store.members(&organization.id, page).await?;
    let views = found.items.into_iter().map(Member::from).collect();
    Ok(Json(List::page(views, found.next)))
}

/// `POST /organizations/{id}/members/{user}`
#[utoipa::path(
    post,
    operation_id = "organizations_member_add",
    path = "/organizations/{id}/members/{user}",
    summary = "Add a user to an organization",
    description = "",
    params(
        ("id" = String, Path, description = "The identifier of the organization."),
        ("user" = String, Path, description = "The user name or the subject."),
    ),
    request_body = NewMember,
    responses(
        (status = 201, description = "The member.", body = Member),
    ),
)]
pub(super) async fn add_member(
    State(app): State<Shared>,
    operator: Operator,
    TwoNames(id, user): TwoNames,
    Body(NewMember { roles }): Body<NewMember>,
) -> Answer<(StatusCode, Json<Member>)> {
    let organization = find(&app, &id).await?;
    let user = users::find(&app, &user).await?;
    check_role_names(&roles)?;
    let command = PutMember {
        organization: organization.id.clone(),
        subject: user.subject.clone(),
        roles,
        before: None,
        cause: operator.into_cause(),
    };
    if !app.store.put_member(command).await? {
        return Err(unknown(&id));
    }
    let member = app.store.member(&organization.id, &user.subject).await?;
    let member = member.ok_or_else(|| unknown(&id))?;
    Ok((StatusCode::CREATED, Json(member.into())))
}

/// `PATCH /organizations/{id}/members/{user}`
#[utoipa::path(
    patch,
    operation_id = "organizations_member_set",
    path = "/organizations/{id}/members/{user}",
    summary = "Change the roles of a member inside an organization",
    description = "",
    params(
        ("id" = String, Path, description = "The identifier of the organization."),
        ("user" = String, Path, description = "The user name or the subject."),
    ),
    request_body = RolesPatch,
    responses(
        (status = 200, description = "The member as it is now.", body = Member),
    ),
)]
pub(super) async fn set_member(
    State(app): State<Shared>,
    operator: Operator,
    TwoNames(id, user): TwoNames,
    Body(patch): Body<RolesPatch>,
) -> Answer<Json<Member>> {
    let organization = find(&app, &id).await?;
    let user = users::find(&app, &user).await?;
    let mut tries = Tries::default();
    loop {
        let mut member = app
            .store
            .member(&organization.id, &user.subject)
            .await?
            .ok_or_else(|| no_member(&id))?;
        let roles = patch.of(&member.roles)?;
        check_role_names(&roles)?;
        let command = PutMember {
            organization: organization.id.clone(),
            subject: user.subject.clone(),
            roles: roles.clone(),
            before: Some(std::mem::replace(&mut member.roles, roles)),
            cause: operator.cause().clone(),
        };
        let outcome = match app.store.put_member(command).await {
            Ok(true) => Ok(Json(member.into())),
            Ok(false) => Err(no_member(&id)),
            Err(error) => Err(error.into()),
        };
        if !tries.again(&outcome) {
            return outcome;
        }
    }
}

/// `DELETE /organizations/{id}/members/{user}`: the member's grants in the organization are revoked.
#[utoipa::path(
    delete,
    operation_id = "organizations_member_remove",
    path = "/organizations/{id}/members/{user}",
    summary = "Remove a member from an organization; the grants of the member in it are revoked",
    description = "",
    params(
        ("id" = String, Path, description = "The identifier of the organization."),
        ("user" = String, Path, description = "The user name or the subject."),
    ),
    responses(
        (status = 204, description = "The member was removed."),
    ),
)]
pub(super) async fn remove_member(
    State(app): State<Shared>,
    operator: Operator,
    TwoNames(id, user): TwoNames,
) -> Answer<StatusCode> {
    let organization = find(&app, &id).await?;
    let user = users::find(&app, &user).await?;
    let removal = app
        .store
        .remove_member(organization.id, user.subject, operator.into_cause());
    match removal.await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_member(&id)),
    }
}

pub(super) async fn find(app: &Shared, id: &str) -> Answer<roles::Organization> {
    let parsed = OrganizationId::parse(id)?;
    let found = app.store.organization(&parsed).await?;
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Refusal {
    Refusal::not_found(format_args!("organization {id}"))
}

fn no_member(id: &str) -> Refusal {
    Refusal::not_found(format_args!("such member of the organization {id}"))
}
