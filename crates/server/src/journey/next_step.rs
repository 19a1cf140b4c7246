//! Where a login under way goes next: to a page, or to its end.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::journey::NextStep;
use cardea_web::inbound::QueryPairs;

use super::{
    Journey, finish,
    ticket::{Opened, Ticket},
};
use crate::{app::App, browser::Browser, ctx::Ctx, error::Failure, limited};

/// Hands a ticket on: 303 to the page of the next step, or the answer to the client.
pub(crate) async fn go_on(
    ctx: &Ctx,
    browser: &Browser,
    ticket: Ticket,
) -> Result<Response, Failure> {
    let journey = Journey::load(ctx, browser, ticket).await?;
    match journey.next() {
        Ok(NextStep::Finish) => finish::finish(ctx, &journey).await,
        // A request too large to travel as a ticket goes back to where it came from.
        Ok(step) => match to_page(&ctx.app, step, &journey.ticket) {
            Err(Failure::OAuth(error)) => finish::refuse(ctx, &journey, &error),
            answer => answer,
        },
        Err(error) => finish::refuse(ctx, &journey, &error),
    }
}

/// 303 to the page of a step.
pub(crate) fn to_page(app: &App, step: NextStep, ticket: &Ticket) -> Result<Response, Failure> {
    let page = match step {
        NextStep::Login => "/login",
        NextStep::ChooseAccount => "/choose_account",
        NextStep::Consent => "/consent",
        NextStep::Finish => {
            return Err(Failure::Internal("there is no page for the end".to_owned()));
        }
    };
    let url = format!(
        "{}?ticket={}",
        app.settings.issuer.endpoint(page),
        ticket.seal(app)?
    );
    Ok(Redirect::to(&url).into_response())
}

/// How a page shows a login under way.
pub(crate) type Show = fn(&Ctx, &Browser, &Journey) -> Result<Response, Failure>;

/// The ticket of a page's query.
pub(crate) fn ticket_in(query: &QueryPairs) -> Option<&str> {
    let (_, text) = query.0.iter().find(|(name, _)| name == "ticket")?;
    Some(text)
}

/// The GET of a page: shows it where its step is next, else goes where the login really stands.
pub(crate) async fn show_or_go_on(
    ctx: &Ctx,
    query: &QueryPairs,
    step: NextStep,
    show: Show,
) -> Result<Response, Failure> {
    limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
    let browser = Browser::of(ctx);
    let ticket = match Ticket::open(&ctx.app, &browser, ticket_in(query), ctx.caller.now)? {
        Opened::Own(ticket) | Opened::Restarted(ticket) => ticket,
    };
    let mut journey = Journey::load(ctx, &browser, ticket).await?;
    journey.ticket.shown_to = journey.session.as_ref().map(|s| s.subject.clone());
    let mut response = if journey.next().ok() == Some(step) {
        show(ctx, &browser, &journey)?
    } else {
        go_on(ctx, &browser, journey.ticket).await?
    };
    browser.remember(&ctx.app, response.headers_mut());
    Ok(response)
}
