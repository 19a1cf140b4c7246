//! `GET` and `POST /login`: a name and a password become a session.

pub(crate) mod page;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use cardea_protocol::{
    journey::NextStep,
    model::{Actor, Subject, User, Username},
};
use cardea_seal::Secret;
use cardea_web::{
    inbound::{FormError, QueryPairs, UnreadForm, limits::Decision},
    log::REFUSED,
};
use http::{StatusCode, header::ALLOW};
use tracing::field::display;

use self::page::{LoginPage, LoginProblem};
use crate::{
    app::App,
    browser::Browser,
    caller::Caller,
    client_logo,
    config::development::is_demo_secret,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_STEP_BYTES, read_limited},
    journey::{
        Journey,
        forms::{Posted, csrf_parts, from_our_page, posted},
        known_device, next_step, session,
    },
    limited,
    pages::{AppLine, html},
    passwords::{Checked, Lane},
};

const STEP: &str = "login";

/// `GET /login`, with a ticket or, for the account page, without one.
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let query = query?;
        if next_step::ticket_in(&query).is_some() {
            return next_step::show_or_go_on(&ctx, &query, NextStep::Login, show_to_log_in).await;
        }
        limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
        let browser = Browser::of(&ctx);
        let nobody = Shown {
            journey: None,
            username: "",
            problem: None,
        };
        let mut response = show(&ctx, &browser, &nobody)?;
        browser.remember(&ctx.app, response.headers_mut());
        Ok(response)
    };
    error::page(&ctx, result.await)
}

/// `HEAD /login`, for uptime checks. With a ticket a login could end here and a code be issued: that takes a GET.
pub(crate) async fn head(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let with_ticket = query
        .as_ref()
        .is_ok_and(|query| next_step::ticket_in(query).is_some());
    if with_ticket {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, POST")]).into_response();
    }
    get(ctx, query).await
}

/// `POST /login`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.authorize;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_STEP_BYTES).await?;
        log_in(&ctx, &Form::of(pairs)?).await
    };
    error::page(&ctx, result.await)
}

async fn log_in(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let journey = match form.one("ticket").filter(|text| !text.is_empty()) {
        Some(_) => match posted(ctx, &browser, STEP, form).await? {
            Posted::Elsewhere(response) => return Ok(response),
            Posted::Step(journey) => Some(journey),
        },
        None => {
            if browser.fresh.is_some() {
                return Err(Failure::page(
                    PageError::OtherBrowser,
                    "a form without the browser's cookie",
                ));
            }
            from_our_page(ctx, &csrf_parts(&browser, "", STEP), form.one("csrf"))?;
            None
        }
    };
    let username = form.one("username").unwrap_or_default();
    let password = Secret::new(form.one("password").unwrap_or_default().to_owned());
    let shown = |problem| Shown {
        journey: journey.as_deref(),
        username,
        problem: Some(problem),
    };
    match authenticate(ctx, username, password).await? {
        Outcome::Right(user) => {
            session::open(ctx, &browser, *user, journey.map(|j| j.ticket)).await
        }
        Outcome::Refused => {
            let problem = LoginProblem::WrongNameOrPassword;
            let mut response = show(ctx, &browser, &shown(problem))?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(error::logged(response))
        }
        Outcome::Limited(decision) => {
            let minutes = decision.retry_after.as_secs().div_ceil(60);
            let problem = LoginProblem::TooManyAttempts { minutes };
            let mut response = show(ctx, &browser, &shown(problem))?;
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            decision.write(response.headers_mut());
            Ok(response)
        }
    }
}

/// What became of an attempt to log in.
enum Outcome {
    Right(Box<User>),
    Refused,
    Limited(Decision),
}

/// The person, if name and password belong together. Unknown name, wrong password, disabled and locked account
/// take the same work and give the same answer. Limits come before the hash (D14).
async fn authenticate(
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
    let user = match Username::parse(username) {
        Ok(name) => ctx.app.store.user_by_name(&name).await?,
        Err(_) => None,
    };
    let device = user.as_ref().and_then(|user| known_device::of(ctx, user));
    let by_account = match device {
        Some(device) => ctx.app.limits.login_account.check(device),
        None => ctx
            .app
            .limits
            .login_account
            .check(username.trim().to_lowercase().as_str()),
    };
    if !by_account.allowed {
        return Ok(limited(by_account));
    }
    let stored = user.as_ref().and_then(|u| u.password_hash.clone());
    let checked = ctx
        .app
        .passwords
        .check(
            &username.trim().to_lowercase(),
            password.clone(),
            stored.as_ref(),
            device.map_or(Lane::Strangers, |_| Lane::Known),
        )
        .await?;
    let Some(user) = user else {
        return Ok(refused(&ctx.caller, None));
    };
    let locked = device.is_none() && user.failures.locked(ctx.caller.now);
    if locked || !user.is_enabled() {
        return Ok(refused(&ctx.caller, Some(&user.subject)));
    }
    // D23: everybody knows these, by whatever way one came into the store.
    if checked != Checked::Wrong
        && !ctx.app.settings.development
        && is_demo_secret(password.expose())
    {
        tracing::warn!(request_id = %ctx.caller.request_id, subject = user.subject.as_str(), "a password of cardea dev was refused: set another with cardea user password");
        return Ok(refused(&ctx.caller, Some(&user.subject)));
    }
    if checked == Checked::Wrong {
        if device.is_none() {
            count_failure(ctx, &user.subject);
        }
        return Ok(refused(&ctx.caller, Some(&user.subject)));
    }
    if checked == Checked::RightButOld
        && let Some(old) = stored
    {
        renew_hash(&ctx.app, &user.subject, password, old).await?;
    }
    metrics::counter!(cardea_web::metric_names::LOGINS, "outcome" => "ok").increment(1);
    let (subject, address) = (
        user.subject.as_str(),
        ctx.caller.address.map(|a| display(a.ip)),
    );
    tracing::info!(request_id = %ctx.caller.request_id, subject, address, "logged in");
    Ok(Outcome::Right(Box::new(user)))
}

/// A hash of another cost is made anew, unless the pool has more urgent things to do.
async fn renew_hash(
    app: &App,
    subject: &Subject,
    password: Secret<String>,
    old: Secret<String>,
) -> Result<(), Failure> {
    if let Ok(Ok(new)) = app.passwords.hash(password, &app.entropy).await {
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
fn count_failure(ctx: &Ctx, subject: &Subject) {
    let (store, subject) = (Arc::clone(&ctx.app.store), subject.clone());
    let cause = ctx.caller.cause(Actor::Stranger);
    let request_id = ctx.caller.request_id;
    tokio::spawn(async move {
        if let Err(error) = store.record_login_failure(subject, cause).await {
            tracing::error!(%request_id, %error, "a failed login could not be counted");
        }
    });
}

fn refused(caller: &Caller, subject: Option<&Subject>) -> Outcome {
    metrics::counter!(cardea_web::metric_names::LOGINS, "outcome" => "refused").increment(1);
    let subject = subject.map(Subject::as_str);
    let address = caller.address.map(|address| display(address.ip));
    tracing::info!(target: REFUSED, request_id = %caller.request_id, subject, address, "login refused");
    Outcome::Refused
}

fn show_to_log_in(ctx: &Ctx, browser: &Browser, journey: &Journey) -> Result<Response, Failure> {
    let username = journey.ticket.request.access.login_hint.as_deref();
    let shown = Shown {
        journey: Some(journey),
        username: username.unwrap_or_default(),
        problem: None,
    };
    show(ctx, browser, &shown)
}

struct Shown<'a> {
    journey: Option<&'a Journey>,
    username: &'a str,
    problem: Option<LoginProblem>,
}

fn show(ctx: &Ctx, browser: &Browser, shown: &Shown<'_>) -> Result<Response, Failure> {
    let (ticket, id) = match shown.journey {
        Some(journey) => (journey.ticket.seal(&ctx.app)?, journey.ticket.id.as_str()),
        None => (String::new(), ""),
    };
    let logo = shown.journey.and_then(|j| client_logo::path(&j.client));
    let page = LoginPage {
        shell: ctx.shell(),
        ticket: &ticket,
        csrf: &ctx.app.csrf.token(&csrf_parts(browser, id, STEP)),
        app: shown.journey.map(|j| AppLine {
            name: j.client.name(),
            logo: logo.as_deref(),
        }),
        username: shown.username,
        problem: shown.problem,
    };
    Ok(html(LoginPage::CSP, &page))
}
