//! Form protection: a posted step comes from the page that this server gave to this browser (D7).

use axum::response::Response;

use super::{
    Journey,
    next_step::go_on,
    ticket::{Opened, Ticket},
};
use crate::{browser::Browser, ctx::Ctx, error::Failure, error_page::page::Trouble, form::Form};

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
    ctx: &Ctx,
    parts: &[&[u8]],
    presented: Option<&str>,
) -> Result<(), Failure> {
    if !cardea_web::inbound::csrf::same_origin(
        &ctx.caller.headers,
        ctx.app.settings.issuer.origin(),
    ) {
        return Err(Failure::page(
            Trouble::NotFromHere,
            "the form was posted from another origin",
        ));
    }
    if presented.is_some_and(|token| ctx.app.csrf.verify(parts, token)) {
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
    ctx: &Ctx,
    browser: &Browser,
    step: &str,
    form: &Form,
) -> Result<Posted, Failure> {
    // A browser that was given a page has a cookie, if it keeps cookies.
    if browser.fresh.is_some() {
        return Err(Failure::page(
            Trouble::OtherBrowser,
            "a form without the browser's cookie",
        ));
    }
    match Ticket::open(&ctx.app, browser, form.one("ticket"), ctx.caller.now)? {
        Opened::Own(ticket) => {
            from_our_page(
                ctx,
                &csrf_parts(browser, &ticket.id, step),
                form.one("csrf"),
            )?;
            Ok(Posted::Step(Box::new(
                Journey::load(ctx, browser, ticket).await?,
            )))
        }
        Opened::Restarted(ticket) => go_on(ctx, browser, ticket).await.map(Posted::Elsewhere),
    }
}
