//! `GET` and `POST /second_factor`: a code of the authenticator app or a backup code, the second proof of a journey. Users who need
//! one and have none set one up here.

pub(crate) mod enrol;
pub(crate) mod page;
mod verify;

use axum::response::Response;
use cardea_protocol::{
    backup_code::FEW_LEFT,
    journey::{Authenticator, NextStep, Proved},
    mfa::{Acr, Demand},
    model::User,
};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm, limits::Decision};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use self::{
    enrol::{Enrolment, NewCodes},
    page::{CodePage, CodesPage, EnrolPage, FactorProblem},
    verify::Outcome,
};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::Form,
    journey::{
        Journey,
        forms::{Posted, csrf_parts, posted, step_form},
        next_step::{proceed, show_or_proceed},
        session::{self, Opened, Progress},
        trusted_device,
    },
    pages::{UserLine, html},
    webauthn::sign_in::{self, Place},
};

const STEP: &str = "second_factor";

/// `GET /second_factor`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async { show_or_proceed(&ctx, &query?, NextStep::SecondFactor, show).await };
    error::page(&ctx, result.await)
}

/// `POST /second_factor`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async { prove(&ctx, &step_form(&ctx, form).await?).await };
    error::page(&ctx, result.await)
}

async fn prove(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let mut journey = match posted(ctx, &browser, STEP, form).await? {
        Posted::Restarted(response) => return Ok(response),
        Posted::Step(journey) => *journey,
    };
    // Only this step takes a code: the rules say whose, and whether one is set up here.
    if journey.next().ok() != Some(NextStep::SecondFactor) {
        return proceed(ctx, &browser, journey.ticket).await;
    }
    let Ok(demand) = journey.demand.clone() else {
        return proceed(ctx, &browser, journey.ticket).await;
    };
    if demand.may_skip() && form.one("skip").is_some() {
        journey.ticket.steps.skip();
        return match journey.ticket.steps.pending() {
            Some(_) => session::after_proof(ctx, &browser, journey.ticket).await,
            None => proceed(ctx, &browser, journey.ticket).await,
        };
    }
    if let Some(address) = ctx.caller.address {
        let decision = ctx.app.limits.login.check_address(&address);
        if !decision.allowed {
            return limited(ctx, &browser, &journey, decision);
        }
    }
    if !demand.takes_code() {
        return proceed(ctx, &browser, journey.ticket).await;
    }
    match demand.enrolled.any() {
        true => by_code(ctx, &browser, journey, &demand, form).await,
        false => by_enrolment(ctx, &browser, journey, form).await,
    }
}

/// Whom the journey asks.
fn asked(journey: &Journey) -> Result<&User, Failure> {
    let cause = "there is no user to ask for a second factor";
    let user = journey.concerned();
    user.ok_or_else(|| Failure::page(PageError::TooLate, cause))
}

async fn by_code(
    ctx: &Ctx,
    browser: &Browser,
    mut journey: Journey,
    demand: &Demand,
    form: &Form,
) -> Result<Response, Failure> {
    let user = asked(&journey)?.clone();
    let typed = form.one("code").unwrap_or_default();
    let (authenticator, left) = match verify::code(ctx, &user, typed).await? {
        Outcome::Right {
            authenticator,
            backup_codes,
        } => (authenticator, backup_codes),
        Outcome::Wrong(problem) => {
            let mut response = show_code(ctx, browser, &journey, Some(problem))?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(error::logged(response));
        }
        Outcome::Locked(seconds) => return locked(ctx, browser, &journey, seconds),
    };
    // Who has entered a code has no passkey at hand.
    if demand.may_skip() {
        journey.ticket.steps.skip();
    }
    let proved = proved(ctx, &user, authenticator);
    let opened = match session::second_factor(ctx, browser, journey, proved).await? {
        Progress::Opened(opened) => opened,
        Progress::Answer(response) => return Ok(response),
    };
    let few = left.filter(|left| *left <= FEW_LEFT);
    let mut response = match few {
        Some(left) => few_left(ctx, &opened, left)?,
        None => opened.proceed(ctx).await,
    };
    if form.one("trust").is_some() {
        trusted_device::trust(ctx, &user.subject, &mut response).await?;
    }
    Ok(response)
}

/// The second factor that a user has proved just now.
fn proved(ctx: &Ctx, user: &User, authenticator: Authenticator) -> Proved {
    let now = ctx.caller.now;
    Proved {
        authenticator,
        subject: user.subject.clone(),
        at: now,
        credential_set_at: now,
        upstream: None,
        passkey: None,
    }
}

/// Sets up an authenticator app on the way, then shows the backup codes.
async fn by_enrolment(
    ctx: &Ctx,
    browser: &Browser,
    journey: Journey,
    form: &Form,
) -> Result<Response, Failure> {
    let user = asked(&journey)?.clone();
    let bound_to = (journey.ticket.id.as_str(), &user);
    let sealed = form.one("enrolment").unwrap_or_default();
    let Some(enrolment) = Enrolment::open(ctx, bound_to, sealed) else {
        // Of another user or journey, or too old: another secret.
        let problem = Some(FactorProblem::EnrolmentTooOld);
        return unprocessable(show_enrolment(ctx, browser, &journey, None, problem)?);
    };
    let typed = form.one("code").unwrap_or_default();
    let Some(step) = enrolment.secret.step_of(typed, ctx.caller.now) else {
        let problem = Some(FactorProblem::of_code(typed));
        let page = show_enrolment(ctx, browser, &journey, Some(enrolment), problem)?;
        return unprocessable(page);
    };
    let codes = NewCodes::draw(ctx);
    let added = enrol::confirm(ctx, &enrolment, step, &user, &codes).await?;
    if !added {
        let cause = "an authenticator app was set up meanwhile, or the user was disabled";
        let restart = journey.ticket.restart(&ctx.app);
        return Err(Failure::page(PageError::TooLate, cause).with_restart(restart));
    }
    let proved = proved(ctx, &user, Authenticator::Totp);
    match session::second_factor(ctx, browser, journey, proved).await? {
        Progress::Opened(opened) => {
            let page = CodesPage {
                shell: ctx.shell(),
                codes: codes.texts(),
                few_left: None,
                account: false,
                go_on: &opened.go_on(ctx)?,
            };
            let mut response = html(CodesPage::CSP, &page);
            opened.write(ctx, &mut response);
            Ok(response)
        }
        Progress::Answer(response) => Ok(response),
    }
}

fn unprocessable(mut response: Response) -> Result<Response, Failure> {
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

fn few_left(ctx: &Ctx, opened: &Opened, left: u32) -> Result<Response, Failure> {
    let page = CodesPage {
        shell: ctx.shell(),
        codes: Vec::new(),
        few_left: Some(u64::from(left)),
        account: false,
        go_on: &opened.go_on(ctx)?,
    };
    let mut response = html(CodesPage::CSP, &page);
    opened.write(ctx, &mut response);
    Ok(response)
}

fn locked(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    seconds: u64,
) -> Result<Response, Failure> {
    let minutes = seconds.div_ceil(60);
    let problem = FactorProblem::TooManyAttempts { minutes };
    let mut response = show_code(ctx, browser, journey, Some(problem))?;
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let after = HeaderValue::from(seconds.max(1));
    response.headers_mut().insert(RETRY_AFTER, after);
    Ok(response)
}

fn limited(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    decision: Decision,
) -> Result<Response, Failure> {
    let minutes = decision.retry_after.as_secs().div_ceil(60);
    let problem = Some(FactorProblem::TooManyAttempts { minutes });
    let enrolled = journey.demand.as_ref().is_ok_and(|d| d.enrolled.any());
    let mut response = match enrolled {
        true => show_code(ctx, browser, journey, problem)?,
        false => show_enrolment(ctx, browser, journey, None, problem)?,
    };
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    decision.write(response.headers_mut());
    Ok(response)
}

fn show(ctx: &Ctx, browser: &Browser, journey: &Journey) -> Result<Response, Failure> {
    match journey.demand.as_ref().is_ok_and(|d| d.enrolled.any()) {
        true => show_code(ctx, browser, journey, None),
        false => show_enrolment(ctx, browser, journey, None, None),
    }
}

fn show_code(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    problem: Option<FactorProblem>,
) -> Result<Response, Failure> {
    let restart = restart(ctx, journey);
    let demand = journey.demand.as_ref().copied();
    let demand = demand.unwrap_or(Demand::NOTHING);
    let place = Place {
        conditional: false,
        primary: true,
    };
    let passkey = match demand.enrolled.passkey {
        true => sign_in::form(ctx, browser, journey, place)?,
        false => None,
    };
    let page = CodePage {
        shell: ctx.shell(),
        passkey,
        takes_code: demand.takes_code(),
        may_skip: demand.may_skip() && demand.required == Acr::Password,
        ticket: &journey.ticket.seal(&ctx.app)?,
        csrf: &csrf(ctx, browser, journey),
        user: UserLine::of(asked(journey)?),
        problem,
        restart: restart.as_deref(),
    };
    Ok(html(CodePage::CSP, &page))
}

fn show_enrolment(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    enrolment: Option<Enrolment>,
    problem: Option<FactorProblem>,
) -> Result<Response, Failure> {
    let user = asked(journey)?;
    let enrolment = enrolment.unwrap_or_else(|| Enrolment::draw(ctx));
    let sealed = enrolment.seal(ctx, (&journey.ticket.id, user));
    let restart = restart(ctx, journey);
    let page = EnrolPage {
        shell: ctx.shell(),
        ticket: &journey.ticket.seal(&ctx.app)?,
        csrf: &csrf(ctx, browser, journey),
        user: UserLine::of(user),
        enrolment: &sealed,
        key: enrolment.grouped_key(),
        qr: enrolment.qr(ctx, user),
        may_skip: journey.demand.as_ref().is_ok_and(Demand::may_skip),
        problem,
        restart: restart.as_deref(),
    };
    Ok(html(EnrolPage::CSP, &page))
}

fn csrf(ctx: &Ctx, browser: &Browser, journey: &Journey) -> String {
    let parts = csrf_parts(browser, &journey.ticket.id, STEP);
    ctx.app.csrf.token(&parts)
}

/// The link to begin again, as another user.
fn restart(ctx: &Ctx, journey: &Journey) -> Option<String> {
    let url = journey.ticket.restart(&ctx.app)?;
    let origin = ctx.app.settings.issuer.origin();
    Some(url.strip_prefix(origin).unwrap_or(&url).to_owned())
}
