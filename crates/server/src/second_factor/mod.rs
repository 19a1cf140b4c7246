//! `GET` and `POST /second_factor`: a code of the authenticator app or a backup code, the second proof of a journey. Users who need
//! one and have none set one up here.

mod asked;
pub(crate) mod enrol;
mod on_the_way;
pub(crate) mod page;
mod verify;

use axum::response::Response;
use cardea_protocol::{
    ErrorCode, OAuthError,
    backup_code::FEW_LEFT,
    journey::NextStep,
    mfa::{Acr, Demand},
};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm, limits::Decision};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use self::{
    asked::{STEP, asked, csrf, proved, restart},
    page::{CodePage, CodesPage, FactorProblem},
    verify::Outcome,
};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    form::{Form, MAX_PASSKEY_BYTES, read_limited},
    journey::{
        Journey, finish,
        forms::{Posted, posted},
        next_step::{proceed, show_or_proceed},
        session::{self, Opened, Progress},
        trusted_device,
    },
    pages::{self, UserLine, html},
    webauthn::sign_in::{self, Place},
};

/// `GET /second_factor`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async { show_or_proceed(&ctx, &query?, NextStep::SecondFactor, show).await };
    error::page(&ctx, result.await)
}

/// `POST /second_factor`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.authorize;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_PASSKEY_BYTES).await?;
        prove(&ctx, &Form::of(pairs)?).await
    };
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
    if demand.may_decline() && form.one("skip").is_some() {
        let unmet = ErrorCode::UnmetAuthenticationRequirements;
        let declined = OAuthError::new(unmet, "the user set up no second factor");
        return finish::refuse(ctx, &journey, declined);
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
        false => Box::pin(on_the_way::set_up(ctx, &browser, journey, form)).await,
    }
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
            let response = show_code(ctx, browser, &journey, Some(problem))?;
            return Ok(error::logged(pages::refused(response)));
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
        false => on_the_way::show(ctx, browser, journey, None, problem)?,
    };
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    decision.write(response.headers_mut());
    Ok(response)
}

fn show(ctx: &Ctx, browser: &Browser, journey: &Journey) -> Result<Response, Failure> {
    match journey.demand.as_ref().is_ok_and(|d| d.enrolled.any()) {
        true => show_code(ctx, browser, journey, None),
        false => on_the_way::show(ctx, browser, journey, None, None),
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
