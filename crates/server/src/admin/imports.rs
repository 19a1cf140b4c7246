//! Users from elsewhere, many at once, and back.

use axum::{Json, extract::State};
use cardea_protocol::{
    claims::user_claim_problems,
    model::{AccountState, LoginFailures, Subject, User, Username},
};
use cardea_seal::Secret;
use cardea_store::{self as store, Constraint, ImportUsers, Imported};
use cardea_web::config::SecretText;
use jiff::Timestamp;

use super::{
    list,
    operator::Operator,
    refusal::{Answer, sentence},
    request::{Asked, Body},
    types::{ExportQuery, ImportOutcome, ImportResults, List, PortableUser, UserImport},
    user_patch::check_user,
};
use crate::{
    app::{App, Shared},
    passwords, start,
};

/// `POST /import/users`
#[utoipa::path(
    post,
    operation_id = "users_import",
    path = "/import/users",
    summary = "Add users with the hashes of their passwords",
    description = "Users who exist are not changed. The body has at most 64 KiB: send several.",
    request_body = UserImport,
    responses(
        (status = 200, description = "What became of each user.", body = ImportResults),
    ),
)]
pub(super) async fn import(
    State(app): State<Shared>,
    operator: Operator,
    Body(import): Body<UserImport>,
) -> Answer<Json<ImportResults>> {
    let now = operator.now();
    let prepared = import.users.into_iter().map(|row| prepare(&app, row, now));
    let (mut users, mut results) = (Vec::new(), Vec::new());
    for row in prepared {
        match row {
            Ok(user) => {
                users.push(user);
                results.push(None);
            }
            Err(reason) => results.push(Some(ImportOutcome::Refused { reason })),
        }
    }
    let command = ImportUsers {
        users,
        dry_run: import.dry_run,
        cause: operator.into_cause(),
    };
    let mut stored = app.store.import_users(command).await?.into_iter();
    if !import.dry_run {
        app.refresh_password_costs().await?;
    }
    let results = results.into_iter().filter_map(|refused| match refused {
        Some(refused) => Some(refused),
        None => stored.next().map(outcome),
    });
    Ok(Json(ImportResults {
        results: results.collect(),
    }))
}

/// `GET /export/users`
#[utoipa::path(
    get,
    operation_id = "users_export",
    path = "/export/users",
    summary = "Read users as an import takes them",
    description = "With `with_hashes=true` also the hashes of their passwords, which is logged.",
    params(ExportQuery),
    responses(
        (status = 200, description = "A page of the users, by name.", body = List<PortableUser>),
    ),
)]
pub(super) async fn export(
    State(app): State<Shared>,
    operator: Operator,
    Asked(query): Asked<ExportQuery>,
) -> Answer<Json<List<PortableUser>>> {
    let page = list::page(query.limit, query.after.as_deref())?;
    if query.with_hashes {
        let request_id = &operator.cause().request_id;
        tracing::warn!(%request_id, "password hashes were exported");
    }
    let users = app.store.export_users(page).await?;
    let view = |user| portable(user, query.with_hashes);
    let views = users.items.into_iter().map(view).collect();
    Ok(Json(List::page(views, users.next)))
}

/// The user that a row makes, or why it makes none.
fn prepare(app: &App, row: PortableUser, now: Timestamp) -> Result<store::PortableUser, String> {
    let said = |e: &dyn ToString| sentence(&e.to_string());
    let username = Username::parse_new(&row.username).map_err(|e| said(&e))?;
    let email = row.email.filter(|email| !email.is_empty());
    let mut problems = check_user(email.as_deref(), &row.roles);
    problems.extend(user_claim_problems(&row.claims));
    if let Some(problem) = problems.first() {
        return Err(said(problem));
    }
    let password_hash = match row.password_hash {
        Some(hash) => Some(passwords::accept_hash(hash.expose()).map_err(|e| said(&e))?),
        None => None,
    };
    let subject = match row.sub {
        Some(sub) => Subject::parse(&sub),
        None => start::new_subject(&app.entropy),
    };
    let mut claims = row.claims;
    claims.retain(|_, value| !value.is_null());
    Ok(store::PortableUser {
        user: User {
            subject: subject.map_err(|e| said(&e))?,
            username,
            email_verified: row.email_verified && email.is_some(),
            email,
            roles: row.roles,
            claims,
            status: row.status,
            failures: LoginFailures::default(),
            devices_since: None,
            account: AccountState {
                must_change_password: row.must_change_password,
                expires_at: row.expires_at,
                ..AccountState::default()
            },
            created_at: row.created_at.map_or(now, |at| at.min(now)),
            updated_at: now,
        },
        password_hash,
    })
}

fn outcome(imported: Imported) -> ImportOutcome {
    match imported {
        Imported::Added => ImportOutcome::Added,
        Imported::Refused(Constraint::UserName) => ImportOutcome::Exists,
        Imported::Refused(constraint) => ImportOutcome::Refused {
            reason: sentence(&constraint.to_string()),
        },
    }
}

fn portable(row: store::PortableUser, with_hashes: bool) -> PortableUser {
    let store::PortableUser {
        user,
        password_hash,
    } = row;
    let hash = password_hash.filter(|_| with_hashes);
    PortableUser {
        sub: Some(user.subject.to_string()),
        username: user.username.to_string(),
        email: user.email,
        email_verified: user.email_verified,
        roles: user.roles,
        claims: user.claims,
        status: user.status,
        password_hash: hash.map(|hash: Secret<String>| SecretText::new(hash.expose().clone())),
        must_change_password: user.account.must_change_password,
        expires_at: user.account.expires_at,
        created_at: Some(user.created_at),
    }
}
