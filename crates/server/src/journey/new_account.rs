//! A new account, whose user chose its password in this request.

use std::collections::BTreeMap;

use axum::response::Response;
use cardea_protocol::{
    invitation::shown_name,
    journey::{Authenticator, Proved},
    model::{AccountState, LoginFailures, Subject, User, UserStatus, Username},
};

use super::{goal::Goal, session, ticket::Ticket};
use crate::{browser::Browser, ctx::Ctx, error::Failure, start::new_subject};

/// A user with this name, and nothing else: the least.
pub(crate) fn new_user(ctx: &Ctx, username: Username, name: Option<&str>) -> Result<User, Failure> {
    let now = ctx.caller.now;
    let name = name.and_then(shown_name);
    let claim = |name: String| ("name".to_owned(), serde_json::Value::String(name));
    Ok(User {
        subject: new_subject(&ctx.app.entropy).map_err(|e| Failure::Internal(e.to_string()))?,
        username,
        email: None,
        email_verified: false,
        roles: Vec::new(),
        claims: name.map(claim).into_iter().collect::<BTreeMap<_, _>>(),
        status: UserStatus::Enabled,
        failures: LoginFailures::default(),
        devices_since: None,
        account: AccountState::default(),
        created_at: now,
        updated_at: now,
    })
}

/// Signs a user in whose account was made in this request. The password is proved: it was chosen just now. A second factor that the
/// policy demands is asked for before a session is opened.
pub(crate) async fn sign_in(
    ctx: &Ctx,
    browser: &Browser,
    subject: &Subject,
    goal: Goal,
) -> Result<Response, Failure> {
    let now = ctx.caller.now;
    let mut ticket = Ticket::new(&ctx.app, browser, goal, now);
    ticket.steps.prove(Proved {
        authenticator: Authenticator::Password,
        subject: subject.clone(),
        at: now,
        credential_set_at: now,
        upstream: None,
        passkey: None,
    });
    session::after_proof(ctx, browser, ticket).await
}
