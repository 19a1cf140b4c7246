//! Users: list, show, add, set, password, enable, disable, remove.

use axum::{Json, extract::State};
use cardea_protocol::{
    claims::check_user_claims,
    model::{AccountState, LoginFailures, Subject, User, UserStatus, Username},
};
use cardea_seal::Secret;
use cardea_store::{AddUser, UserChange, UserSearch, UserUpdate, UserView};
use cardea_web::config::SecretText;
use http::StatusCode;
use jiff::Timestamp;

use super::{
    conditional::Tries,
    list,
    operator::Operator,
    refusal::{Answer, Refusal},
    request::{Asked, Body, Name},
    types::{EndingQuery, List, NewPassword, NewUser, User as View, UserPatch, UsersQuery},
    user_patch::{check, email, merged, roles},
};
use crate::{app::Shared, config::development::is_demo_secret, notice, start};

impl View {
    fn of(UserView { user, has_password }: UserView, now: Timestamp) -> Self {
        // An account that expired is disabled, whenever the job writes that down.
        let status = match user.may_log_in(now) {
            true => UserStatus::Enabled,
            false => UserStatus::Disabled,
        };
        Self {
            locked_until: user.failures.locked_until().filter(|until| *until > now),
            must_change_password: user.account.must_change_password,
            expires_at: user.account.expires_at,
            delete_at: user.account.delete_at,
            has_password,
            sub: user.subject,
            username: user.username,
            email: user.email,
            email_verified: user.email_verified,
            roles: user.roles,
            claims: user.claims,
            status,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// `GET /users`
#[utoipa::path(
    get,
    operation_id = "users_list",
    path = "/users",
    summary = "List the users",
    description = "",
    params(UsersQuery),
    responses(
        (status = 200, description = "A page of the users, by name; of a search the oldest first.", body = List<View>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    operator: Operator,
    Asked(query): Asked<UsersQuery>,
) -> Answer<Json<List<View>>> {
    let (limit, after) = (query.limit, query.after.as_deref());
    let view = |user| View::of(user, operator.now());
    let views = |users: Vec<_>| users.into_iter().map(view).collect();
    let Some(search) = query.search else {
        let users = app.store.users(list::page(limit, after)?).await?;
        return Ok(Json(List::page(views(users.items), users.next)));
    };
    let search = UserSearch::parse(&search)
        .map_err(|error| Refusal::bad_request(format!("search: {error}")))?;
    let page = list::page(limit, after)?;
    let found = app.store.search_users(&search, page).await?;
    Ok(Json(List::page(views(found.items), found.next)))
}

/// `GET /users/{user}`
#[utoipa::path(
    get,
    operation_id = "users_show",
    path = "/users/{user}",
    summary = "Show a user",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject.")),
    responses(
        (status = 200, description = "The user.", body = View),
    ),
)]
pub(super) async fn show(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
) -> Answer<Json<View>> {
    let user = find(&app, &user).await?;
    let has_password = app.store.has_password(&user.subject).await?;
    let view = UserView { user, has_password };
    Ok(Json(View::of(view, operator.now())))
}

/// `POST /users`
#[utoipa::path(
    post,
    operation_id = "users_add",
    path = "/users",
    summary = "Add a user",
    description = "",
    request_body = NewUser,
    responses(
        (status = 201, description = "The user was added.", body = View),
    ),
)]
pub(super) async fn add(
    State(app): State<Shared>,
    operator: Operator,
    Body(new): Body<NewUser>,
) -> Answer<(StatusCode, Json<View>)> {
    let username = Username::parse_new(&new.username)
        .map_err(|e| Refusal::bad_request(format!("username: {e}")))?;
    check(new.email.as_deref(), Some(&new.roles))?;
    check_user_claims(&new.claims)?;
    let password_hash = match new.password {
        Some(password) => {
            let name = new.claims.get("name").and_then(serde_json::Value::as_str);
            let about = [Some(username.as_str()), new.email.as_deref(), name];
            Some(hash(&app, &password, about).await?)
        }
        None => None,
    };
    let user = User {
        subject: start::new_subject(&app.entropy)?,
        username,
        email_verified: new.email_verified && new.email.is_some(),
        email: new.email,
        roles: new.roles,
        claims: new.claims,
        status: UserStatus::Enabled,
        failures: LoginFailures::default(),
        devices_since: None,
        account: AccountState {
            must_change_password: new.must_change_password,
            ..AccountState::default()
        },
        created_at: operator.now(),
        updated_at: operator.now(),
    };
    let view = UserView {
        user: user.clone(),
        has_password: password_hash.is_some(),
    };
    let view = View::of(view, operator.now());
    app.store
        .add_user(AddUser {
            user,
            password_hash,
            cause: operator.into_cause(),
        })
        .await?;
    app.refresh_password_costs().await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// `PATCH /users/{user}`
#[utoipa::path(
    patch,
    operation_id = "users_set",
    path = "/users/{user}",
    summary = "Change a user",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject.")),
    request_body = UserPatch,
    responses(
        (status = 200, description = "The user as it is now.", body = View),
    ),
)]
pub(super) async fn set(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Body(changes): Body<UserPatch>,
) -> Answer<Json<View>> {
    check_user_claims(&changes.claims)?;
    let mut tries = Tries::default();
    loop {
        let outcome = patch(&app, &operator, &user, &changes).await;
        if !tries.again(&outcome) {
            return outcome;
        }
    }
}

async fn patch(
    app: &Shared,
    operator: &Operator,
    user: &str,
    changes: &UserPatch,
) -> Answer<Json<View>> {
    let before = find(app, user).await?;
    let roles = roles(&before, changes)?;
    check(changes.email.as_deref(), roles.as_deref())?;
    let update = UserUpdate {
        email: email(&before, changes.email.clone(), changes.email_verified)?,
        roles,
        claims: merged(&before, &changes.claims)?,
        must_change_password: changes.must_change_password,
        expires_at: changes.expires_at,
        before: Some(Box::new(before.clone())),
        ..UserUpdate::default()
    };
    change(app, operator, before.subject, update).await
}

/// `POST /users/{user}/password`: failed logins with the old one are forgotten.
#[utoipa::path(
    post,
    operation_id = "users_password",
    path = "/users/{user}/password",
    summary = "Set a new password, which ends the sessions of the user",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject.")),
    request_body = NewPassword,
    responses(
        (status = 200, description = "The user as it is now.", body = View),
    ),
)]
pub(super) async fn password(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Body(new): Body<NewPassword>,
) -> Answer<Json<View>> {
    let user = find(&app, &user).await?;
    let name = user.claims.get("name").and_then(serde_json::Value::as_str);
    let about = [Some(user.username.as_str()), user.email.as_deref(), name];
    let update = UserUpdate {
        password_hash: Some(hash(&app, &new.password, about).await?),
        applications: EndingQuery {
            keep_applications: new.keep_applications,
        }
        .applications(),
        notice: notice::password_set(&app, &user, operator.now()),
        must_change_password: new.must_change.then_some(true),
        ..UserUpdate::default()
    };
    change(&app, &operator, user.subject, update).await
}

/// `POST /users/{user}/enable`
#[utoipa::path(
    post,
    operation_id = "users_enable",
    path = "/users/{user}/enable",
    summary = "Enable a user",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject.")),
    responses(
        (status = 200, description = "The user as it is now.", body = View),
    ),
)]
pub(super) async fn enable(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
) -> Answer<Json<View>> {
    let update = UserUpdate {
        status: Some(UserStatus::Enabled),
        ..UserUpdate::default()
    };
    let user = find(&app, &user).await?;
    // It would not last: whatever expires is disabled again.
    if let Some(end) = user.account.expires_at.filter(|end| *end <= operator.now()) {
        return Err(Refusal::conflict(format!(
            "The account expired at {end}. Give it another time first: cardea user set NAME --expires TIME|never"
        )));
    }
    change(&app, &operator, user.subject, update).await
}

/// `POST /users/{user}/disable`: ends the user's sessions, grants and codes; grants with `offline_access` stay, without effect
/// while the user is disabled, with `?keep_applications=true`.
#[utoipa::path(
    post,
    operation_id = "users_disable",
    path = "/users/{user}/disable",
    summary = "Disable a user, which ends their sessions",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject."), EndingQuery),
    responses(
        (status = 200, description = "The user as it is now.", body = View),
    ),
)]
pub(super) async fn disable(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Asked(ending): Asked<EndingQuery>,
) -> Answer<Json<View>> {
    let update = UserUpdate {
        status: Some(UserStatus::Disabled),
        applications: ending.applications(),
        ..UserUpdate::default()
    };
    let user = find(&app, &user).await?;
    change(&app, &operator, user.subject, update).await
}

/// `DELETE /users/{user}`: with their sessions, codes, grants and consents.
#[utoipa::path(
    delete,
    operation_id = "users_remove",
    path = "/users/{user}",
    summary = "Remove a user with their sessions, codes, grants and consents",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject.")),
    responses(
        (status = 204, description = "The user was removed."),
    ),
)]
pub(super) async fn remove(
    State(app): State<Shared>,
    operator: Operator,
    Name(name): Name,
) -> Answer<StatusCode> {
    let user = find(&app, &name).await?;
    let removed = app
        .store
        .remove_user(user.subject, operator.into_cause())
        .await?;
    app.backchannel_logout.wake();
    match removed {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&name)),
    }
}

async fn change(
    app: &Shared,
    operator: &Operator,
    subject: Subject,
    update: UserUpdate,
) -> Answer<Json<View>> {
    let now = operator.now();
    let command = UserChange {
        subject: subject.clone(),
        update,
        cause: operator.cause().clone(),
    };
    app.store.change_user(command).await?;
    app.refresh_password_costs().await?;
    // A new password and a disabled user end sessions.
    app.backchannel_logout.wake();
    app.mail.wake();
    let user = app.store.user(&subject).await?;
    let user = user.ok_or_else(|| unknown(subject.as_str()))?;
    let has_password = app.store.has_password(&subject).await?;
    Ok(Json(View::of(UserView { user, has_password }, now)))
}

/// A user by subject, else by name: users can choose a name but not a subject, so none can be taken for another here.
pub(super) async fn find(app: &Shared, user: &str) -> Answer<User> {
    if let Ok(subject) = Subject::parse(user)
        && let Some(user) = app.store.user(&subject).await?
    {
        return Ok(user);
    }
    let name = Username::parse(user)?;
    let found = app.store.user_by_name(&name).await?;
    found.ok_or_else(|| unknown(user))
}

fn unknown(user: &str) -> Refusal {
    Refusal::not_found(format_args!("user {user}"))
}

/// Hashes a new password, unless it is easy to guess for someone who knows the names of the user and of the provider.
async fn hash(
    app: &Shared,
    password: &SecretText,
    about: [Option<&str>; 3],
) -> Answer<Secret<String>> {
    // D23: these are public.
    if !app.settings.development && is_demo_secret(password.expose()) {
        return Err(Refusal::bad_request(
            "password: it is one of cardea dev, which are public; use another",
        ));
    }
    let provider = [app.settings.brand.name(), app.settings.issuer.as_str()];
    let about = about.into_iter().flatten().chain(provider);
    let about = about.map(str::to_owned).collect();
    let password = Secret::new(password.expose().to_owned());
    Ok(app
        .passwords
        .judge_and_hash(password, about, &app.entropy)
        .await?)
}
