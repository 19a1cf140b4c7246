//! Where a login under way goes next: to a page, or to its end.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::authorize::NextStep;
use cardea_web::inbound::QueryPairs;

use super::{
    finish,
    journey::Journey,
    ticket::{Opened, Ticket},
};
use crate::{
    app::App, browser::Browser, caller::Caller, error::Failure, error_page::page::Trouble, limits,
};

/// Hands a ticket on: 303 to the page of the next step, or the answer to the client.
pub(crate) async fn go_on(
    app: &App,
    caller: &Caller,
    browser: &Browser,
    ticket: Ticket,
) -> Result<Response, Failure> {
    let journey = Journey::load(app, caller, browser, ticket).await?;
    match journey.next() {
        Ok(NextStep::Finish) => finish::finish(app, caller, &journey).await,
        // A request too large to travel as a ticket goes back to where it came from.
        Ok(step) => match to_page(app, step, &journey.ticket) {
            Err(Failure::OAuth(error)) => journey.refuse(app, caller, &error),
            answer => answer,
        },
        Err(error) => journey.refuse(app, caller, &error),
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
pub(crate) type Show = fn(&App, &Caller, &Browser, &Journey) -> Result<Response, Failure>;

/// The ticket of a page's query.
pub(crate) fn ticket_in(query: &QueryPairs) -> Option<&str> {
    let (_, text) = query.0.iter().find(|(name, _)| name == "ticket")?;
    Some(text)
}

/// The GET of a page: shows it where its step is next, else goes where the login really stands.
pub(crate) async fn show_or_go_on(
    app: &App,
    caller: &Caller,
    query: &QueryPairs,
    (step, show): (NextStep, Show),
) -> Result<Response, Failure> {
    limits::by_network(&app.limits.authorize, caller)?;
    let browser = Browser::of(app, caller);
    let ticket = match Ticket::open(app, &browser, ticket_in(query), caller.now)? {
        Opened::Own(ticket) | Opened::Restarted(ticket) => ticket,
    };
    let journey = Journey::load(app, caller, &browser, ticket).await?;
    let mut response = if journey.next().ok() == Some(step) {
        show(app, caller, &browser, &journey)?
    } else {
        go_on(app, caller, &browser, journey.ticket).await?
    };
    browser.remember(app, response.headers_mut());
    Ok(response)
}

/// The parts that the CSRF token of a step is bound to (D7).
pub(crate) fn csrf_parts<'a>(
    browser: &'a Browser,
    ticket: &'a str,
    step: &'a str,
) -> [&'a [u8]; 4] {
    let session: &[u8] = browser
        .session_id
        .as_ref()
        .map_or(b"", |id| id.0.as_bytes());
    [
        browser.id.as_bytes(),
        ticket.as_bytes(),
        session,
        step.as_bytes(),
    ]
}

/// Whether a posted step comes from the page that this server gave to this browser.
pub(crate) fn from_our_page(
    app: &App,
    caller: &Caller,
    parts: &[&[u8]],
    presented: Option<&str>,
) -> Result<(), Failure> {
    if !cardea_web::inbound::csrf::same_origin(&caller.headers, app.settings.issuer.origin()) {
        return Err(Failure::page(
            Trouble::NotFromHere,
            "the form was posted from another origin",
        ));
    }
    if presented.is_some_and(|token| app.csrf.verify(parts, token)) {
        return Ok(());
    }
    Err(Failure::page(
        Trouble::NotFromHere,
        "the CSRF token is missing or another one's",
    ))
}

/// What a page's POST has to do.
pub(crate) enum Posted {
    /// Do the step.
    Step(Box<Journey>),
    /// The login was begun elsewhere: it goes on from its beginning.
    Elsewhere(Response),
}

/// Opens the ticket of a page's POST and checks that the form is ours.
pub(crate) async fn posted(
    app: &App,
    caller: &Caller,
    browser: &Browser,
    (step, form): (&str, &crate::form::Form),
) -> Result<Posted, Failure> {
    limits::by_network(&app.limits.authorize, caller)?;
    // A browser that was given a page has a cookie, if it keeps cookies.
    if browser.fresh.is_some() {
        return Err(Failure::page(
            Trouble::OtherBrowser,
            "a form without the browser's cookie",
        ));
    }
    match Ticket::open(app, browser, form.one("ticket"), caller.now)? {
        Opened::Own(ticket) => {
            from_our_page(
                app,
                caller,
                &csrf_parts(browser, &ticket.id, step),
                form.one("csrf"),
            )?;
            Ok(Posted::Step(Box::new(
                Journey::load(app, caller, browser, ticket).await?,
            )))
        }
        Opened::Restarted(ticket) => go_on(app, caller, browser, ticket)
            .await
            .map(Posted::Elsewhere),
    }
}
