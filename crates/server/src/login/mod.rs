//! `GET` and `POST /login`: a name and a password become a session.

pub(crate) mod page;

use std::sync::Arc;

use axum::{extract::State, response::Response};
use cardea_protocol::{
    journey::NextStep,
    model::{Actor, Subject, User, Username},
};
use cardea_seal::Secret;
use cardea_web::inbound::{FormError, FormPairs, QueryPairs, limits::Decision};
use http::StatusCode;

use self::page::{LoginPage, LoginProblem};
use crate::{
    app::{App, Shared},
    browser::Browser,
    caller::Caller,
    config::development::is_demo_secret,
    error::{self, Failure},
    error_page::page::Trouble,
    form::Form,
    journey::{
        Journey,
        forms::{Posted, csrf_parts, from_our_page, posted},
        known_device, next_step, session,
    },
    limits,
    pages::{AppLine, html},
    passwords::Checked,
};

const STEP: &str = "login";

/// `GET /login`, with a ticket or, for the account page, without one.
pub(crate) async fn get(
    State(app): State<Shared>,
    caller: Caller,
    query: Result<QueryPairs, FormError>,
) -> Response {
    let result = async {
        let query = query?;
        if next_step::ticket_in(&query).is_some() {
            return next_step::show_or_go_on(
                &app,
                &caller,
                &query,
                (NextStep::Login, show_to_log_in),
            )
            .await;
        }
        limits::by_network(&app.limits.authorize, &caller)?;
        let browser = Browser::of(&app, &caller);
        let nobody = Shown {
            journey: None,
            username: "",
            problem: None,
        };
        let mut response = show(&app, &caller, &browser, &nobody)?;
        browser.remember(&app, response.headers_mut());
        Ok(response)
    };
    error::page(&app, &caller, result.await)
}

/// `POST /login`
pub(crate) async fn post(
    State(app): State<Shared>,
    caller: Caller,
    form: Result<FormPairs, FormError>,
) -> Response {
    let result = async { log_in(&app, &caller, &Form::of(form)?).await };
    error::page(&app, &caller, result.await)
}

async fn log_in(app: &App, caller: &Caller, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(app, caller);
    let journey = match form.one("ticket").filter(|text| !text.is_empty()) {
        Some(_) => match posted(app, caller, &browser, (STEP, form)).await? {
            Posted::Elsewhere(response) => return Ok(response),
            Posted::Step(journey) => Some(journey),
        },
        None => {
            if browser.fresh.is_some() {
                return Err(Failure::page(
                    Trouble::OtherBrowser,
                    "a form without the browser's cookie",
                ));
            }
            from_our_page(
                app,
                caller,
                &csrf_parts(&browser, "", STEP),
                form.one("csrf"),
            )?;
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
    match authenticate(app, caller, username, password).await? {
        Outcome::Right(user) => {
            session::open(app, caller, &browser, (*user, journey.map(|j| j.ticket))).await
        }
        Outcome::Refused => {
            let problem = LoginProblem::WrongNameOrPassword;
            let mut response = show(app, caller, &browser, &shown(problem))?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Outcome::Limited(decision) => {
            let minutes = decision.retry_after.as_secs().div_ceil(60);
            let problem = LoginProblem::TooManyAttempts { minutes };
            let mut response = show(app, caller, &browser, &shown(problem))?;
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
    app: &App,
    caller: &Caller,
    username: &str,
    password: Secret<String>,
) -> Result<Outcome, Failure> {
    let by_address = caller
        .address
        .map(|address| app.limits.login.check_address(&address));
    if let Some(refused) = by_address.filter(|decision| !decision.allowed) {
        return Ok(limited(refused));
    }
    let user = match Username::parse(username) {
        Ok(name) => app.store.user_by_name(&name).await?,
        Err(_) => None,
    };
    let device = user
        .as_ref()
        .and_then(|user| known_device::of(app, caller, &user.subject));
    let by_account = match device {
        Some(device) => app.limits.login_account.check(device),
        None => app
            .limits
            .login_account
            .check(username.trim().to_lowercase().as_str()),
    };
    if !by_account.allowed {
        return Ok(limited(by_account));
    }
    let stored = user.as_ref().and_then(|u| u.password_hash.clone());
    let checked = app
        .passwords
        .check(password.clone(), stored.as_ref())
        .await?;
    let Some(user) = user else {
        return Ok(refused(caller, None));
    };
    let locked = device.is_none() && user.failures.locked(caller.now);
    if locked || !user.is_enabled() {
        return Ok(refused(caller, Some(&user.subject)));
    }
    // D23: everybody knows these, by whatever way one came into the store.
    if checked != Checked::Wrong && !app.settings.development && is_demo_secret(password.expose()) {
        tracing::warn!(request_id = %caller.request_id, subject = user.subject.as_str(), "a password of cardea dev was refused: set another with cardea user password");
        return Ok(refused(caller, Some(&user.subject)));
    }
    if checked == Checked::Wrong {
        if device.is_none() {
            count_failure(app, caller, &user.subject);
        }
        return Ok(refused(caller, Some(&user.subject)));
    }
    if checked == Checked::RightButOld
        && let Some(old) = stored
    {
        renew_hash(app, &user.subject, password, old).await?;
    }
    metrics::counter!("cardea_logins_total", "outcome" => "ok").increment(1);
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
    metrics::counter!("cardea_logins_total", "outcome" => "limited").increment(1);
    Outcome::Limited(decision)
}

/// Written without waiting: a wrong password must not take longer than an unknown name.
fn count_failure(app: &App, caller: &Caller, subject: &Subject) {
    let (store, subject) = (Arc::clone(&app.store), subject.clone());
    let cause = caller.cause(Actor::Stranger);
    let request_id = caller.request_id;
    tokio::spawn(async move {
        if let Err(error) = store.record_login_failure(subject, cause).await {
            tracing::error!(%request_id, %error, "a failed login could not be counted");
        }
    });
}

fn refused(caller: &Caller, subject: Option<&Subject>) -> Outcome {
    metrics::counter!("cardea_logins_total", "outcome" => "refused").increment(1);
    let subject = subject.map(Subject::as_str);
    tracing::info!(request_id = %caller.request_id, subject, "login refused");
    Outcome::Refused
}

fn show_to_log_in(
    app: &App,
    caller: &Caller,
    browser: &Browser,
    journey: &Journey,
) -> Result<Response, Failure> {
    let username = journey.ticket.request.access.login_hint.as_deref();
    let shown = Shown {
        journey: Some(journey),
        username: username.unwrap_or_default(),
        problem: None,
    };
    show(app, caller, browser, &shown)
}

struct Shown<'a> {
    journey: Option<&'a Journey>,
    username: &'a str,
    problem: Option<LoginProblem>,
}

fn show(
    app: &App,
    caller: &Caller,
    browser: &Browser,
    shown: &Shown<'_>,
) -> Result<Response, Failure> {
    let (ticket, id) = match shown.journey {
        Some(journey) => (journey.ticket.seal(app)?, journey.ticket.id.as_str()),
        None => (String::new(), ""),
    };
    let page = LoginPage {
        shell: app.shell(caller),
        ticket: &ticket,
        csrf: &app.csrf.token(&csrf_parts(browser, id, STEP)),
        app: shown.journey.map(|j| AppLine {
            name: j.client.name(),
            logo: None,
        }),
        username: shown.username,
        problem: shown.problem,
    };
    Ok(html(LoginPage::CSP, &page))
}
