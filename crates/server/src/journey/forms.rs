//! Form protection: a posted step comes from the page that this server gave to this browser (D7).

use axum::response::Response;
use cardea_protocol::model::Username;
use cardea_web::inbound::UnreadForm;

use super::{
    Journey,
    next_step::proceed,
    ticket::{Opened, Ticket},
};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    form::{Form, MAX_STEP_BYTES, read_limited},
};

/// The step of all forms of the login page.
pub(crate) const LOGIN: &str = "login";

/// The step of a form for a passkey, on whatever page.
pub(crate) const PASSKEY: &str = "passkey";

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
            PageError::NotFromHere,
            "the form was posted from another origin",
        ));
    }
    if presented.is_some_and(|token| ctx.app.csrf.verify(parts, token)) {
        return Ok(());
    }
    Err(Failure::page(
        PageError::NotFromHere,
        "the CSRF token is missing or does not belong to this page",
    ))
}

/// The form of a step, within the limit of the caller's network.
pub(crate) async fn step_form(ctx: &Ctx, form: UnreadForm) -> Result<Form, Failure> {
    let limiter = &ctx.app.limits.authorize;
    let pairs = read_limited(limiter, &ctx.caller, form, MAX_STEP_BYTES).await?;
    Form::of(pairs)
}

/// What a page's POST has to do.
pub(crate) enum Posted {
    /// Do the step.
    Step(Box<Journey>),
    /// The journey began elsewhere: it starts again.
    Restarted(Response),
}

/// Opens the ticket of a page's POST and checks that the form is ours.
pub(crate) async fn posted(
    ctx: &Ctx,
    browser: &Browser,
    step: &str,
    form: &Form,
) -> Result<Posted, Failure> {
    let restart = || Ticket::restart_of(&ctx.app, form.one("ticket")?);
    // A browser that was given a page has a cookie, if it keeps cookies.
    if browser.fresh.is_some() {
        let cause = "a form without the browser's cookie";
        return Err(Failure::page(PageError::OtherBrowser, cause).with_restart(restart()));
    }
    match Ticket::open(&ctx.app, browser, form.one("ticket"), ctx.caller.now)? {
        Opened::Own(ticket) => {
            let parts = csrf_parts(browser, &ticket.id, step);
            // The session may have ended, or another one begun, in another tab.
            from_our_page(ctx, &parts, form.one("csrf"))
                .map_err(|failure| failure.with_restart(restart()))?;
            let mut journey = Journey::load(ctx, browser, ticket).await?;
            // A decision counts for the session only in which it was made.
            let lost = journey.session.is_none() && form.one("decision").is_some();
            journey.ticket.again = lost.then(|| step.to_owned());
            Ok(Posted::Step(Box::new(journey)))
        }
        Opened::Restarted(mut ticket) => {
            ticket.again = Some(step.to_owned());
            ticket.must_choose = !same_user(ctx, browser, &ticket, form).await?;
            proceed(ctx, browser, ticket).await.map(Posted::Restarted)
        }
    }
}

/// Whether a form from before the last login was meant for the user who is logged in now. If not, that user must not
/// continue without being asked.
async fn same_user(
    ctx: &Ctx,
    browser: &Browser,
    ticket: &Ticket,
    form: &Form,
) -> Result<bool, Failure> {
    let Some(session) = browser.session(ctx).await? else {
        return Ok(true);
    };
    let Some(typed) = form.one("username") else {
        return Ok(ticket.shown_to.as_ref() == Some(&session.subject));
    };
    let user = ctx.app.store.user(&session.subject).await?;
    let typed = Username::parse(typed).ok();
    Ok(user.is_some_and(|user| typed.is_some_and(|name| name.key() == user.username.key())))
}
