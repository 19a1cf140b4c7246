//! Where a journey goes next: to a page, or to its end.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::journey::NextStep;
use cardea_web::inbound::QueryPairs;

use super::{
    Journey, finish,
    ticket::{Opened, Ticket},
};
use crate::{app::App, browser::Browser, ctx::Ctx, error::Failure, limited};

/// Hands a ticket on: 303 to the page of the next step, or the answer to the client. A form that answers a POST is fetched by a
/// GET: the browser may keep its page in the history, and going back must not ask to send the POST again.
pub(crate) async fn proceed(
    ctx: &Ctx,
    browser: &Browser,
    ticket: Ticket,
) -> Result<Response, Failure> {
    let journey = Journey::load(ctx, browser, ticket).await?;
    match journey.next() {
        Ok(NextStep::Finish) if !(ctx.caller.is_post && journey.is_answered_by_form()) => {
            finish::finish(ctx, &journey).await
        }
        Ok(step) => {
            if step == NextStep::Finish {
                finish::give_consent(ctx, &journey).await?;
            }
            match to_page(&ctx.app, step, &journey.ticket) {
                // A request too large to travel as a ticket goes back to where it came from.
                Err(Failure::OAuth(error)) => finish::refuse(ctx, &journey, error),
                answer => answer,
            }
        }
        Err(error) => finish::refuse(ctx, &journey, error),
    }
}

/// 303 to the page of a step.
pub(crate) fn to_page(app: &App, step: NextStep, ticket: &Ticket) -> Result<Response, Failure> {
    Ok(Redirect::to(&page_url(app, step, ticket)?).into_response())
}

/// The page of a step.
pub(crate) fn page_url(app: &App, step: NextStep, ticket: &Ticket) -> Result<String, Failure> {
    let page = match step {
        NextStep::Login => "/login",
        NextStep::SecondFactor => "/second_factor",
        NextStep::NewPassword => "/new_password",
        NextStep::ChooseAccount => "/choose_account",
        NextStep::LinkAccount => "/link_account",
        NextStep::ChooseOrganization => "/choose_organization",
        // The GET of any page goes on to the end.
        NextStep::Consent | NextStep::Finish => "/consent",
    };
    let page = app.settings.issuer.endpoint(page);
    Ok(format!("{page}?ticket={}", ticket.seal(app)?))
}

/// How a page shows a journey.
pub(crate) type Show = fn(&Ctx, &Browser, &Journey) -> Result<Response, Failure>;

/// A parameter of a page's query.
pub(crate) fn parameter<'a>(query: &'a QueryPairs, name: &str) -> Option<&'a str> {
    let (_, text) = query.0.iter().find(|(n, _)| n == name)?;
    Some(text)
}

/// The GET of a page: shows it if its step is next, else goes to the step that is.
pub(crate) async fn show_or_proceed(
    ctx: &Ctx,
    query: &QueryPairs,
    step: NextStep,
    show: Show,
) -> Result<Response, Failure> {
    limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
    let browser = Browser::of(ctx);
    let ticket = match Ticket::open(
        &ctx.app,
        &browser,
        parameter(query, "ticket"),
        ctx.caller.now,
    )? {
        Opened::Own(ticket) | Opened::Restarted(ticket) => ticket,
    };
    show_if_next(ctx, &browser, ticket, step, show).await
}

/// Shows the page of a step if it is next, else goes to the step that is.
pub(crate) async fn show_if_next(
    ctx: &Ctx,
    browser: &Browser,
    ticket: Ticket,
    step: NextStep,
    show: Show,
) -> Result<Response, Failure> {
    let mut journey = Journey::load(ctx, browser, ticket).await?;
    // A consent is on record before a GET follows it.
    if journey.consent.is_none() {
        journey.ticket.steps.forget_consent();
    }
    journey.ticket.shown_to = journey.session.as_ref().map(|s| s.subject.clone());
    let mut response = if journey.next().ok() == Some(step) {
        show(ctx, browser, &journey)?
    } else {
        proceed(ctx, browser, journey.ticket).await?
    };
    browser.remember(&ctx.app, response.headers_mut());
    Ok(response)
}
