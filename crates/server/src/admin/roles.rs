//! Roles: list, show, add, set, remove.

use axum::{Json, extract::State};
use cardea_protocol::{
    model::{ClientId, Owner},
    roles::{self, RoleConfig, check_role},
};
use cardea_store::PutRole;
use http::StatusCode;

use super::{
    conditional::Tries,
    operator::Operator,
    refusal::{Answer, Refusal},
    request::{Asked, Body, Name},
    types::{List, NewRole, Role as View, RolePatch, RoleQuery},
};
use crate::app::Shared;

impl From<roles::Role> for View {
    fn from(role: roles::Role) -> Self {
        Self {
            name: role.name,
            client: role.client,
            permissions: role.permissions,
            owner: role.owner,
        }
    }
}

/// `GET /roles`: they are few.
#[utoipa::path(
    get,
    operation_id = "roles_list",
    path = "/roles",
    summary = "List the roles",
    description = "",
    responses(
        (status = 200, description = "All roles, by name.", body = List<View>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    _operator: Operator,
) -> Answer<Json<List<View>>> {
    let catalog = app.store.role_catalog().await?;
    let views = catalog.roles().iter().cloned().map(View::from).collect();
    Ok(Json(List::all(views)))
}

/// `GET /roles/{name}`
#[utoipa::path(
    get,
    operation_id = "roles_show",
    path = "/roles/{name}",
    summary = "Show a role",
    description = "",
    params(("name" = String, Path, description = "The name of the role."), RoleQuery),
    responses(
        (status = 200, description = "The role.", body = View),
    ),
)]
pub(super) async fn show(
    State(app): State<Shared>,
    _operator: Operator,
    Name(name): Name,
    Asked(which): Asked<RoleQuery>,
) -> Answer<Json<View>> {
    Ok(Json(find(&app, &name, &which).await?.into()))
}

/// `POST /roles`
#[utoipa::path(
    post,
    operation_id = "roles_add",
    path = "/roles",
    summary = "Add a role",
    description = "",
    request_body = NewRole,
    responses(
        (status = 201, description = "The role was added.", body = View),
    ),
)]
pub(super) async fn add(
    State(app): State<Shared>,
    operator: Operator,
    Body(new): Body<NewRole>,
) -> Answer<(StatusCode, Json<View>)> {
    let config = RoleConfig {
        name: new.name,
        permissions: new.permissions,
        client: new.client,
    };
    let role = check_role(&config, Owner::Store)?;
    let command = PutRole {
        role: role.clone(),
        before: None,
        cause: operator.into_cause(),
    };
    app.store.put_role(command).await?;
    Ok((StatusCode::CREATED, Json(role.into())))
}

/// `PATCH /roles/{name}`
#[utoipa::path(
    patch,
    operation_id = "roles_set",
    path = "/roles/{name}",
    summary = "Change what a role allows",
    description = "",
    params(("name" = String, Path, description = "The name of the role."), RoleQuery),
    request_body = RolePatch,
    responses(
        (status = 200, description = "The role as it is now.", body = View),
    ),
)]
pub(super) async fn set(
    State(app): State<Shared>,
    operator: Operator,
    Name(name): Name,
    Asked(which): Asked<RoleQuery>,
    Body(patch): Body<RolePatch>,
) -> Answer<Json<View>> {
    let mut tries = Tries::default();
    loop {
        let before = find(&app, &name, &which).await?;
        let outcome = change(&app, &operator, before, &patch).await;
        if !tries.again(&outcome) {
            return outcome.map(Json);
        }
    }
}

async fn change(
    app: &Shared,
    operator: &Operator,
    before: roles::Role,
    patch: &RolePatch,
) -> Answer<View> {
    let permissions = patched(
        &before.permissions,
        patch.permissions.as_ref(),
        (&patch.add_permissions, &patch.remove_permissions),
    )
    .ok_or_else(|| {
        Refusal::bad_request(
            "permissions: give either permissions, or add_permissions and remove_permissions",
        )
    })?;
    let config = RoleConfig {
        name: before.name.clone(),
        permissions,
        client: before.client.as_ref().map(ToString::to_string),
    };
    let role = check_role(&config, Owner::Store)?;
    let name = role.name.clone();
    let command = PutRole {
        role: role.clone(),
        before: Some(before),
        cause: operator.cause().clone(),
    };
    match app.store.put_role(command).await? {
        true => Ok(role.into()),
        false => Err(unknown(&name)),
    }
}

/// `DELETE /roles/{name}`
#[utoipa::path(
    delete,
    operation_id = "roles_remove",
    path = "/roles/{name}",
    summary = "Remove a role; users keep its name, which allows nothing then",
    description = "",
    params(("name" = String, Path, description = "The name of the role."), RoleQuery),
    responses(
        (status = 204, description = "The role was removed."),
    ),
)]
pub(super) async fn remove(
    State(app): State<Shared>,
    operator: Operator,
    Name(name): Name,
    Asked(which): Asked<RoleQuery>,
) -> Answer<StatusCode> {
    let client = which.client.as_deref().map(ClientId::parse).transpose()?;
    let removal = app
        .store
        .remove_role(name.clone(), client, operator.into_cause());
    match removal.await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&name)),
    }
}

async fn find(app: &Shared, name: &str, which: &RoleQuery) -> Answer<roles::Role> {
    let client = which.client.as_deref().map(ClientId::parse).transpose()?;
    let catalog = app.store.role_catalog().await?;
    let mut all = catalog.roles().iter();
    let found = all.find(|role| role.name == name && role.client == client);
    found.cloned().ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Refusal {
    Refusal::not_found(format_args!("role {name}"))
}

/// A list of names after a change: either all are named, or what to add and to remove. `None` when both are.
pub(super) fn patched(
    before: &[String],
    all: Option<&Vec<String>>,
    (add, remove): (&[String], &[String]),
) -> Option<Vec<String>> {
    match all {
        Some(_) if !add.is_empty() || !remove.is_empty() => None,
        Some(all) => Some(all.clone()),
        None => {
            let mut names = before.to_vec();
            names.retain(|name| !remove.contains(name));
            for name in add {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            Some(names)
        }
    }
}
