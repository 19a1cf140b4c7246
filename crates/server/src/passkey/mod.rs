//! `GET` and `POST /passkey`: a passkey, alone or as the second proof of a journey.

pub(crate) mod page;

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    journey::{NextStep, Proved},
    model::Subject,
};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm, limits::Decision};
use http::StatusCode;

use self::page::{PasskeyPage, PasskeyProblem};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_PASSKEY_BYTES, read_limited},
    journey::{
        Journey,
        forms::{PASSKEY, Posted, posted},
        next_step::{page_url, parameter, proceed, show_if_next},
        session::{self, Progress},
        ticket::{Opened, Ticket},
    },
    limited,
    pages::{self, html},
    webauthn::sign_in::{self, Place, Verified},
};

/// `GET /passkey`. Without a ticket there is nothing to sign in to yet: the login page begins that.
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let query = query?;
        let Some(ticket) = parameter(&query, "ticket") else {
            let login = ctx.app.settings.issuer.endpoint("/login");
            return Ok(Redirect::to(&login).into_response());
        };
        limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
        let browser = Browser::of(&ctx);
        let opened = Ticket::open(&ctx.app, &browser, Some(ticket), ctx.caller.now)?;
        let (Opened::Own(ticket) | Opened::Restarted(ticket)) = opened;
        let journey = Journey::load(&ctx, &browser, ticket.clone()).await?;
        let step = takes_passkey(&journey).map_or(NextStep::Finish, |asked| asked.step());
        show_if_next(&ctx, &browser, ticket, step, show).await
    };
    error::page(&ctx, result.await)
}

/// `POST /passkey`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.authorize;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_PASSKEY_BYTES).await?;
        prove(&ctx, &Form::of(pairs)?).await
    };
    error::page(&ctx, result.await)
}

/// Of whom a journey asks a passkey.
enum Asked {
    /// Of anybody, in the place of user name and password.
    Anybody,
    /// Of this user, as the second factor.
    User(Subject),
}

impl Asked {
    fn step(&self) -> NextStep {
        match self {
            Self::Anybody => NextStep::Login,
            Self::User(_) => NextStep::SecondFactor,
        }
    }
}

fn takes_passkey(journey: &Journey) -> Option<Asked> {
    let enrolled = journey.demand.as_ref().is_ok_and(|d| d.enrolled.passkey);
    match journey.next().ok()? {
        NextStep::Login => Some(Asked::Anybody),
        NextStep::SecondFactor if enrolled => {
            let user = journey.concerned()?;
            Some(Asked::User(user.subject.clone()))
        }
        _ => None,
    }
}

async fn prove(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let mut journey = match posted(ctx, &browser, PASSKEY, form).await? {
        Posted::Restarted(response) => return Ok(response),
        Posted::Step(journey) => *journey,
    };
    let Some(asked) = takes_passkey(&journey) else {
        return proceed(ctx, &browser, journey.ticket).await;
    };
    if let Some(address) = ctx.caller.address {
        let decision = ctx.app.limits.login.check_address(&address);
        if !decision.allowed {
            count(&asked, "limited");
            return too_many(ctx, &browser, &journey, &decision);
        }
    }
    let subject = match &asked {
        Asked::Anybody => None,
        Asked::User(subject) => Some(subject),
    };
    match sign_in::verify(ctx, &journey.ticket.id, subject, form).await? {
        Verified::Right(proved) => {
            count(&asked, "ok");
            let subject = proved.subject.as_str();
            tracing::info!(request_id = %ctx.caller.request_id, subject, "a passkey was proved");
            if matches!(asked, Asked::Anybody) {
                journey.note_remember(ctx, form);
            }
            go_on(ctx, &browser, journey, &asked, proved).await
        }
        Verified::Wrong(why) => {
            count(&asked, "refused");
            tracing::info!(request_id = %ctx.caller.request_id, why, "passkey refused");
            let problem = Some(PasskeyProblem::Refused);
            let response = show_with(ctx, &browser, &journey, problem)?;
            Ok(error::logged(pages::refused(response)))
        }
    }
}

async fn go_on(
    ctx: &Ctx,
    browser: &Browser,
    mut journey: Journey,
    asked: &Asked,
    proved: Proved,
) -> Result<Response, Failure> {
    match asked {
        Asked::Anybody => {
            journey.ticket.steps.prove(proved);
            session::after_proof(ctx, browser, journey.ticket).await
        }
        Asked::User(_) => match session::second_factor(ctx, browser, journey, proved).await? {
            Progress::Opened(opened) => Ok(opened.proceed(ctx).await),
            Progress::Answer(response) => Ok(response),
        },
    }
}

fn count(asked: &Asked, outcome: &'static str) {
    use cardea_web::metric_names::{LOGINS, SECOND_FACTORS};

    match asked {
        Asked::Anybody => metrics::counter!(LOGINS, "outcome" => outcome).increment(1),
        Asked::User(_) => metrics::counter!(SECOND_FACTORS, "outcome" => outcome).increment(1),
    }
}

fn too_many(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    decision: &Decision,
) -> Result<Response, Failure> {
    let minutes = decision.retry_after.as_secs().div_ceil(60);
    let problem = Some(PasskeyProblem::TooManyAttempts { minutes });
    let mut response = show_with(ctx, browser, journey, problem)?;
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    decision.write(response.headers_mut());
    Ok(response)
}

fn show(ctx: &Ctx, browser: &Browser, journey: &Journey) -> Result<Response, Failure> {
    show_with(ctx, browser, journey, None)
}

fn show_with(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    problem: Option<PasskeyProblem>,
) -> Result<Response, Failure> {
    let place = Place {
        conditional: false,
        primary: true,
    };
    let Some(passkey) = sign_in::form(ctx, browser, journey, place)? else {
        let cause = "there are no passkeys below an IP address";
        return Err(Failure::page(PageError::NotFound, cause));
    };
    let step = takes_passkey(journey).map_or(NextStep::Login, |asked| asked.step());
    let other_way = page_url(&ctx.app, step, &journey.ticket)?;
    let origin = ctx.app.settings.issuer.origin();
    let page = PasskeyPage {
        shell: ctx.shell(),
        passkey,
        problem,
        other_way: other_way.strip_prefix(origin).unwrap_or(&other_way),
    };
    Ok(html(PasskeyPage::CSP, &page))
}
