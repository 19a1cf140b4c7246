//! `GET` and `POST /login`: a user name and a password, the first proof of a journey.

pub(crate) mod page;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use cardea_protocol::{
    journey::{Authenticator, NextStep, Proved, Steps},
    model::{Actor, Subject, User, Username},
};
use cardea_seal::Secret;
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm, limits::Decision};
use http::{StatusCode, header::ALLOW};
use tracing::field::display;

use self::page::{LoginPage, LoginProblem, UpstreamButton};
use crate::{
    app::App,
    browser::Browser,
    caller::Caller,
    client_logo,
    config::development::is_demo_secret,
    ctx::Ctx,
    error::{self, Failure},
    federation,
    form::Form,
    journey::{
        Journey,
        forms::{LOGIN, Posted, csrf_parts, posted, step_form},
        goal::{AccountSection, Goal},
        known_device,
        next_step::{parameter, show_if_next, show_or_proceed},
        session,
        ticket::Ticket,
    },
    limited, notice,
    pages::{self, AppLine, html},
    passwords::{Checked, Lane},
    webauthn::sign_in::{self, Place},
};

const STEP: &str = LOGIN;

/// `GET /login`. Without a ticket a journey to the account page begins, with a login whatever session there is.
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let query = query?;
        if parameter(&query, "ticket").is_some() {
            return show_or_proceed(&ctx, &query, NextStep::Login, show).await;
        }
        limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
        let browser = Browser::of(&ctx);
        let return_to = AccountSection::parse(parameter(&query, "return_to"));
        let goal = Goal::Account { return_to };
        let mut ticket = Ticket::new(&ctx.app, &browser, goal, ctx.caller.now);
        ticket.steps = Steps::must_log_in();
        show_if_next(&ctx, &browser, ticket, NextStep::Login, show).await
    };
    error::page(&ctx, result.await)
}

/// `HEAD /login`, for uptime checks. With a ticket a login could end here and a code be issued: that takes a GET.
pub(crate) async fn head(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let with_ticket = query
        .as_ref()
        .is_ok_and(|query| parameter(query, "ticket").is_some());
    if with_ticket {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, POST")]).into_response();
    }
    get(ctx, query).await
}

/// `POST /login`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async { log_in(&ctx, &step_form(&ctx, form).await?).await };
    error::page(&ctx, result.await)
}

async fn log_in(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let mut journey = match posted(ctx, &browser, STEP, form).await? {
        Posted::Restarted(response) => return Ok(response),
        Posted::Step(journey) => *journey,
    };
    if let Goal::Account { return_to } = &mut journey.ticket.goal
        && let Some(section) = AccountSection::named(form.one("section"))
    {
        *return_to = section;
    }
    journey.note_remember(ctx, form);
    let username = form.one("username").unwrap_or_default();
    if let Some(upstream) = federation::begin::home_realm(ctx, username) {
        return federation::begin::sign_in(ctx, journey, upstream, Some(username.trim())).await;
    }
    let password = Secret::new(form.one("password").unwrap_or_default().to_owned());
    if let Some(problem) = LoginProblem::missing(username, password.expose()) {
        let response = show_with(ctx, &browser, &journey, username.trim(), Some(problem))?;
        return Ok(pages::refused(response));
    }
    match authenticate(ctx, username, password).await? {
        Outcome::Right(proved) => {
            journey.ticket.steps.prove(proved);
            session::after_proof(ctx, &browser, journey.ticket).await
        }
        Outcome::Refused => {
            let problem = LoginProblem::WrongNameOrPassword;
            let response = show_with(ctx, &browser, &journey, username, Some(problem))?;
            Ok(error::logged(pages::refused(response)))
        }
        Outcome::Limited(decision) => {
            let minutes = decision.retry_after.as_secs().div_ceil(60);
            let problem = LoginProblem::TooManyAttempts { minutes };
            let mut response = show_with(ctx, &browser, &journey, username, Some(problem))?;
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            decision.write(response.headers_mut());
            Ok(response)
        }
    }
}

/// The outcome of an attempt to log in.
pub(crate) enum Outcome {
    Right(Proved),
    Refused,
    Limited(Decision),
}

/// The user, if the password is theirs. Unknown name, wrong password, disabled and locked account
/// take the same work and give the same answer. Limits come before the hash (D14).
pub(crate) async fn authenticate(
    ctx: &Ctx,
    username: &str,
    password: Secret<String>,
) -> Result<Outcome, Failure> {
    let by_address = ctx
        .caller
        .address
        .map(|address| ctx.app.limits.login.check_address(&address));
    if let Some(refused) = by_address.filter(|decision| !decision.allowed) {
        return Ok(limited(refused));
    }
    let (found, key) = match Username::parse(username) {
        Ok(name) => (ctx.app.store.login_user(&name).await?, name.key()),
        Err(_) => (None, username.trim().to_lowercase()),
    };
    let (user, stored) = found.map_or((None, None), |f| (Some(f.user), f.password));
    let device = user.as_ref().and_then(|user| known_device::of(ctx, user));
    let by_account = match device {
        Some(device) => ctx.app.limits.login_account.check(device),
        None => ctx.app.limits.login_account.check(key.as_str()),
    };
    if !by_account.allowed {
        return Ok(limited(by_account));
    }
    let checked = ctx
        .app
        .passwords
        .check(
            &key,
            password.clone(),
            stored.as_ref().map(|p| &p.hash),
            device.map_or(Lane::Strangers, |_| Lane::Known),
        )
        .await?;
    let Some(user) = user else {
        return Ok(refused(&ctx.caller, None));
    };
    let locked = device.is_none() && user.failures.locked(ctx.caller.now);
    if locked || !user.may_log_in(ctx.caller.now) {
        return Ok(refused(&ctx.caller, Some(&user.subject)));
    }
    let Some(stored) = stored else {
        return Ok(wrong(ctx, &user, device.is_some()));
    };
    // D23: these are public, by whatever way one came into the store.
    if checked != Checked::Wrong
        && !ctx.app.settings.development
        && is_demo_secret(password.expose())
    {
        tracing::warn!(request_id = %ctx.caller.request_id, subject = user.subject.as_str(), "a password of cardea dev was refused: set another with cardea user password");
        return Ok(refused(&ctx.caller, Some(&user.subject)));
    }
    if checked == Checked::Wrong {
        return Ok(wrong(ctx, &user, device.is_some()));
    }
    // Guesses that were sent at once were read before one was counted: only the right one has to be asked again.
    if device.is_none() {
        let until = ctx.app.store.locked_until(&user.subject).await?;
        if until.is_some_and(|until| ctx.caller.now < until) {
            return Ok(refused(&ctx.caller, Some(&user.subject)));
        }
    }
    if checked == Checked::RightButOld {
        renew_hash(&ctx.app, &user.subject, password, stored.hash).await?;
    }
    metrics::counter!(cardea_web::metric_names::LOGINS, "outcome" => "ok").increment(1);
    let (subject, address) = (
        user.subject.as_str(),
        ctx.caller.address.map(|a| display(a.ip)),
    );
    tracing::info!(request_id = %ctx.caller.request_id, subject, address, "logged in");
    Ok(Outcome::Right(Proved {
        authenticator: Authenticator::Password,
        subject: user.subject,
        at: ctx.caller.now,
        credential_set_at: stored.set_at,
        upstream: None,
        passkey: None,
    }))
}

/// Hashes the password again where the stored hash has another cost, unless the pool is busy.
async fn renew_hash(
    app: &App,
    subject: &Subject,
    password: Secret<String>,
    old: Secret<String>,
) -> Result<(), Failure> {
    if let Ok(new) = app.passwords.hash(password, &app.entropy).await {
        app.store
            .upgrade_password_hash(subject.clone(), old, new)
            .await?;
    }
    Ok(())
}

fn limited(decision: Decision) -> Outcome {
    metrics::counter!(cardea_web::metric_names::LOGINS, "outcome" => "limited").increment(1);
    Outcome::Limited(decision)
}

/// Written without waiting: a wrong password must not take longer than an unknown name.
fn count_failure(ctx: &Ctx, user: &User) {
    let (app, subject) = (Arc::clone(&ctx.app), user.subject.clone());
    let mail = notice::many_failures(ctx, user);
    let cause = ctx.caller.cause(Actor::Stranger);
    let request_id = ctx.caller.request_id;
    tokio::spawn(async move {
        if let Err(error) = app.store.record_login_failure(subject, mail, cause).await {
            tracing::error!(%request_id, %error, "a failed login could not be counted");
        }
        app.mail.wake();
    });
}

/// Another password, or none at all. It is not counted in a browser that is known.
fn wrong(ctx: &Ctx, user: &User, known: bool) -> Outcome {
    if !known {
        count_failure(ctx, user);
    }
    refused(&ctx.caller, Some(&user.subject))
}

fn refused(caller: &Caller, subject: Option<&Subject>) -> Outcome {
    metrics::counter!(cardea_web::metric_names::LOGINS, "outcome" => "refused").increment(1);
    let subject = subject.map(Subject::as_str);
    let address = caller.address.map(|address| display(address.ip));
    // Not sampled: each took a hash, so the pool bounds them, and an operator looks for all of them after an attack.
    tracing::info!(request_id = %caller.request_id, subject, address, "login refused");
    Outcome::Refused
}

fn show(ctx: &Ctx, browser: &Browser, journey: &Journey) -> Result<Response, Failure> {
    let asked = journey.authorization();
    let hint = asked.and_then(|a| a.request.access.login_hint.as_deref());
    show_with(ctx, browser, journey, hint.unwrap_or_default(), None)
}

/// Whether the box "Stay signed in" is ticked; `None` where there is none.
fn remember_box(ctx: &Ctx, journey: &Journey, was_posted: bool) -> Option<bool> {
    let offered =
        ctx.app.settings.session_remember.is_some() && journey.ticket.steps.fixed_user().is_none();
    let before = !was_posted && journey.is_remembered();
    offered.then_some(journey.ticket.remember || before)
}

fn show_with(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    username: &str,
    problem: Option<LoginProblem>,
) -> Result<Response, Failure> {
    let asked = journey.authorization();
    let logo = asked.and_then(|a| client_logo::path(a.client));
    // Before a sensitive change the user of the session signs in again.
    let fixed = journey.user.as_ref();
    let fixed = fixed.filter(|user| journey.ticket.steps.fixed_user() == Some(&user.subject));
    let upstreams = ctx.app.upstreams.iter().map(UpstreamButton::of);
    let upstreams: Vec<UpstreamButton<'_>> = upstreams.collect();
    let place = Place {
        conditional: true,
        primary: false,
    };
    let page = LoginPage {
        shell: ctx.shell(),
        ticket: &journey.ticket.seal(&ctx.app)?,
        csrf: &ctx
            .app
            .csrf
            .token(&csrf_parts(browser, &journey.ticket.id, STEP)),
        app: asked.map(|a| AppLine {
            name: a.client.name(),
            logo: logo.as_deref(),
        }),
        username: fixed.map_or(username, |user| user.username.as_str()),
        fixed: fixed.is_some(),
        remember: remember_box(ctx, journey, problem.is_some()),
        problem,
        again: journey.ticket.again.is_some(),
        can_reset: ctx.app.mail.is_on(),
        can_sign_up: ctx.app.settings.sign_up.is_open() && fixed.is_none(),
        upstreams: &upstreams,
        passkey: sign_in::form(ctx, browser, journey, place)?,
        password_optional: ctx.app.upstreams.has_domains(),
    };
    Ok(html(LoginPage::CSP, &page))
}
