//! Groups: list, show, add, set, remove, and who is in one.

use axum::{Json, extract::State};
use cardea_protocol::{
    model::Owner,
    roles::{self, GroupConfig, check_group},
};
use cardea_store::{PutGroup, SetGroupMember, UserPosition, UserView};
use http::StatusCode;

use super::{
    conditional::Tries,
    list::Window,
    operator::Operator,
    refusal::{Answer, Refusal},
    request::{Body, Name, TwoNames},
    roles::patched,
    types::{Group as View, List, ListQuery, Member, NewGroup, RolesPatch},
    users,
};
use crate::app::Shared;

impl From<roles::Group> for View {
    fn from(group: roles::Group) -> Self {
        Self {
            name: group.name,
            roles: group.roles,
            owner: group.owner,
            enabled: group.enabled,
        }
    }
}

impl From<UserView> for Member {
    fn from(view: UserView) -> Self {
        Self {
            sub: view.user.subject,
            username: view.user.username,
            email: view.user.email,
            roles: None,
            joined_at: None,
        }
    }
}

/// `GET /groups`: they are few.
#[utoipa::path(
    get,
    operation_id = "groups_list",
    path = "/groups",
    summary = "List the groups",
    description = "",
    responses(
        (status = 200, description = "All groups, by name.", body = List<View>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    _operator: Operator,
) -> Answer<Json<List<View>>> {
    let catalog = app.store.role_catalog().await?;
    let views = catalog.groups().iter().cloned().map(View::from).collect();
    Ok(Json(List::all(views)))
}

/// `GET /groups/{name}`
#[utoipa::path(
    get,
    operation_id = "groups_show",
    path = "/groups/{name}",
    summary = "Show a group",
    description = "",
    params(("name" = String, Path, description = "The name of the group.")),
    responses(
        (status = 200, description = "The group.", body = View),
    ),
)]
pub(super) async fn show(
    State(app): State<Shared>,
    _operator: Operator,
    Name(name): Name,
) -> Answer<Json<View>> {
    Ok(Json(find(&app, &name).await?.into()))
}

/// `POST /groups`
#[utoipa::path(
    post,
    operation_id = "groups_add",
    path = "/groups",
    summary = "Add a group",
    description = "",
    request_body = NewGroup,
    responses(
        (status = 201, description = "The group was added.", body = View),
    ),
)]
pub(super) async fn add(
    State(app): State<Shared>,
    operator: Operator,
    Body(new): Body<NewGroup>,
) -> Answer<(StatusCode, Json<View>)> {
    let config = GroupConfig {
        name: new.name,
        roles: new.roles,
    };
    let group = check_group(&config, Owner::Store)?;
    let command = PutGroup {
        group: group.clone(),
        before: None,
        cause: operator.into_cause(),
    };
    app.store.put_group(command).await?;
    Ok((StatusCode::CREATED, Json(group.into())))
}

/// `PATCH /groups/{name}`
#[utoipa::path(
    patch,
    operation_id = "groups_set",
    path = "/groups/{name}",
    summary = "Change the roles of a group",
    description = "",
    params(("name" = String, Path, description = "The name of the group.")),
    request_body = RolesPatch,
    responses(
        (status = 200, description = "The group as it is now.", body = View),
    ),
)]
pub(super) async fn set(
    State(app): State<Shared>,
    operator: Operator,
    Name(name): Name,
    Body(patch): Body<RolesPatch>,
) -> Answer<Json<View>> {
    let mut tries = Tries::default();
    loop {
        let before = find(&app, &name).await?;
        let outcome = change(&app, &operator, before, &patch).await;
        if !tries.again(&outcome) {
            return outcome.map(Json);
        }
    }
}

async fn change(
    app: &Shared,
    operator: &Operator,
    before: roles::Group,
    patch: &RolesPatch,
) -> Answer<View> {
    let config = GroupConfig {
        name: before.name.clone(),
        roles: patch.of(&before.roles)?,
    };
    let group = check_group(&config, Owner::Store)?;
    let name = group.name.clone();
    let command = PutGroup {
        group: group.clone(),
        before: Some(before),
        cause: operator.cause().clone(),
    };
    match app.store.put_group(command).await? {
        true => Ok(group.into()),
        false => Err(unknown(&name)),
    }
}

impl RolesPatch {
    /// The roles after the change.
    pub(super) fn of(&self, before: &[String]) -> Answer<Vec<String>> {
        let change = (&*self.add_roles, &*self.remove_roles);
        patched(before, self.roles.as_ref(), change).ok_or_else(|| {
            Refusal::bad_request("roles: give either roles, or add_roles and remove_roles")
        })
    }
}

/// `DELETE /groups/{name}`
#[utoipa::path(
    delete,
    operation_id = "groups_remove",
    path = "/groups/{name}",
    summary = "Remove a group; its users lose what it gave",
    description = "",
    params(("name" = String, Path, description = "The name of the group.")),
    responses(
        (status = 204, description = "The group was removed."),
    ),
)]
pub(super) async fn remove(
    State(app): State<Shared>,
    operator: Operator,
    Name(name): Name,
) -> Answer<StatusCode> {
    let removal = app.store.remove_group(name.clone(), operator.into_cause());
    match removal.await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&name)),
    }
}

/// `GET /groups/{name}/members`
#[utoipa::path(
    get,
    operation_id = "groups_members",
    path = "/groups/{name}/members",
    summary = "List the users of a group",
    description = "",
    params(("name" = String, Path, description = "The name of the group."), ListQuery),
    responses(
        (status = 200, description = "A page of its users, by user name.", body = List<Member>),
    ),
)]
pub(super) async fn members(
    State(app): State<Shared>,
    _operator: Operator,
    Name(name): Name,
    Window(page): Window<UserPosition>,
) -> Answer<Json<List<Member>>> {
    find(&app, &name).await?;
    let found = app.store.group_members(&name, page).await?;
    let views = found.items.into_iter().map(Member::from).collect();
    Ok(Json(List::page(views, found.next)))
}

/// `PUT /groups/{name}/members/{user}`
#[utoipa::path(
    put,
    operation_id = "groups_member_add",
    path = "/groups/{name}/members/{user}",
    summary = "Add a user to a group",
    description = "",
    params(
        ("name" = String, Path, description = "The name of the group."),
        ("user" = String, Path, description = "The user name or the subject."),
    ),
    responses(
        (status = 204, description = "The user is in the group."),
    ),
)]
pub(super) async fn add_member(
    State(app): State<Shared>,
    operator: Operator,
    TwoNames(name, user): TwoNames,
) -> Answer<StatusCode> {
    set_member(&app, operator, (name, &user), true).await
}

/// `DELETE /groups/{name}/members/{user}`
#[utoipa::path(
    delete,
    operation_id = "groups_member_remove",
    path = "/groups/{name}/members/{user}",
    summary = "Remove a user from a group",
    description = "",
    params(
        ("name" = String, Path, description = "The name of the group."),
        ("user" = String, Path, description = "The user name or the subject."),
    ),
    responses(
        (status = 204, description = "The user is not in the group."),
    ),
)]
pub(super) async fn remove_member(
    State(app): State<Shared>,
    operator: Operator,
    TwoNames(name, user): TwoNames,
) -> Answer<StatusCode> {
    set_member(&app, operator, (name, &user), false).await
}

async fn set_member(
    app: &Shared,
    operator: Operator,
    (name, user): (String, &str),
    member: bool,
) -> Answer<StatusCode> {
    find(app, &name).await?;
    let command = SetGroupMember {
        group: name,
        subject: users::find(app, user).await?.subject,
        member,
        cause: operator.into_cause(),
    };
    // Nothing to change is no error: the outcome is the one asked for.
    app.store.set_group_member(command).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(app: &Shared, name: &str) -> Answer<roles::Group> {
    let catalog = app.store.role_catalog().await?;
    let found = catalog.groups().iter().find(|group| group.name == name);
    found.cloned().ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Refusal {
    Refusal::not_found(format_args!("group {name}"))
}
