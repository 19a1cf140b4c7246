//! The session that a login opens (D8): a new cookie, always.

use axum::response::Response;
use cardea_protocol::{
    journey::Authenticated,
    mfa::Demand,
    model::{Actor, Session, SessionId, Sid},
};
use cardea_store::OpenSession;

use super::{
    known_device,
    next_step::{proceed, to_page},
    ticket::Ticket,
};
use crate::{
    browser::{Browser, set_session},
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
};

/// After a proof: opens the session if all that is required was proved, and continues the journey.
pub(crate) async fn after_proof(
    ctx: &Ctx,
    browser: &Browser,
    ticket: Ticket,
) -> Result<Response, Failure> {
    match ticket.steps.authenticated(&Demand::NOTHING) {
        Ok(authenticated) => open(ctx, browser, ticket, &authenticated).await,
        Err(missing) => to_page(&ctx.app, missing, &ticket),
    }
}

async fn open(
    ctx: &Ctx,
    browser: &Browser,
    mut ticket: Ticket,
    authenticated: &Authenticated,
) -> Result<Response, Failure> {
    let previous = match browser.session_id {
        Some(id) => ctx.app.store.session(id, ctx.caller.now).await?,
        None => None,
    };
    let (cookie, new_browser) = (ctx.app.entropy.token(), ctx.app.entropy.token());
    let session = new_session(ctx, SessionId(cookie.hash()), authenticated)?;
    let command = OpenSession {
        session,
        previous: previous.map(|s| s.id),
        password_set_at: authenticated.password_set_at(),
        upstream: None,
        cause: ctx
            .caller
            .cause(Actor::Person(authenticated.subject().clone())),
    };
    // D8: the same user logging in again keeps the session's public name, so the store says which it is.
    let Some(sid) = ctx.app.store.open_session(command).await? else {
        let cause = "the user was disabled or removed, or has a new password, since the password was verified";
        let restart = ticket.restart(&ctx.app);
        return Err(Failure::page(PageError::TooLate, cause).with_restart(restart));
    };
    // The browser may have had another user's session, which has ended.
    ctx.app.backchannel_logout.wake();
    let now = Browser {
        id: new_browser.hash(),
        fresh: None,
        session_id: Some(SessionId(cookie.hash())),
    };
    ticket.move_to(&now.id);
    ticket.steps.open(sid);
    // The user is logged in, whatever becomes of the journey: the cookies are set on an error page too.
    let result = proceed(ctx, &now, ticket).await;
    let mut response = error::page(ctx, result);
    set_session(&ctx.app, response.headers_mut(), &cookie, &new_browser);
    known_device::remember(ctx, response.headers_mut(), authenticated.subject());
    Ok(response)
}

fn new_session(
    ctx: &Ctx,
    id: SessionId,
    authenticated: &Authenticated,
) -> Result<Session, Failure> {
    let sid =
        Sid::parse(&ctx.app.entropy.text(16)).map_err(|e| Failure::Internal(e.to_string()))?;
    let (now, settings) = (ctx.caller.now, &ctx.app.settings);
    let after = |ttl| now.saturating_add(ttl).unwrap_or(now);
    Ok(Session {
        id,
        sid,
        subject: authenticated.subject().clone(),
        context: authenticated.context().clone(),
        created_at: now,
        last_seen_at: now,
        idle_expires_at: after(settings.session_idle_ttl),
        expires_at: after(settings.session_absolute_ttl),
        address: ctx.caller.address.map(|a| a.ip),
        user_agent: ctx.caller.user_agent(),
        ended: None,
    })
}
