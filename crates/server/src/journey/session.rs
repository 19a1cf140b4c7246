//! The session that a login opens (D8): a new cookie, always.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    journey::LoginStep,
    metadata::ACR_PASSWORD,
    model::{Actor, AuthenticationContext, Session, SessionId, Sid, User},
};
use cardea_store::OpenSession;

use super::{known_device, next_step::go_on, ticket::Ticket};
use crate::{
    app::App,
    browser::{Browser, set_session},
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
};

/// Opens the session, and goes on where the ticket leads.
pub(crate) async fn open(
    ctx: &Ctx,
    browser: &Browser,
    user: User,
    ticket: Option<Ticket>,
) -> Result<Response, Failure> {
    let previous = match browser.session_id {
        Some(id) => ctx.app.store.session(id, ctx.caller.now).await?,
        None => None,
    };
    let sid =
        Sid::parse(&ctx.app.entropy.text(16)).map_err(|e| Failure::Internal(e.to_string()))?;
    let (cookie, new_browser) = (ctx.app.entropy.token(), ctx.app.entropy.token());
    let context = AuthenticationContext {
        auth_time: ctx.caller.now,
        acr: ACR_PASSWORD.to_owned(),
        amr: vec!["pwd".to_owned()],
    };
    let session = Session {
        id: SessionId(cookie.hash()),
        sid,
        subject: user.subject.clone(),
        context,
        created_at: ctx.caller.now,
        last_seen_at: ctx.caller.now,
        idle_expires_at: ctx
            .caller
            .now
            .saturating_add(ctx.app.settings.session_idle_ttl)
            .unwrap_or(ctx.caller.now),
        expires_at: ctx
            .caller
            .now
            .saturating_add(ctx.app.settings.session_absolute_ttl)
            .unwrap_or(ctx.caller.now),
        address: ctx.caller.address.map(|a| a.ip),
        user_agent: ctx.caller.user_agent(),
        ended: None,
    };
    let cause = ctx.caller.cause(Actor::Person(user.subject.clone()));
    let command = OpenSession {
        session,
        previous: previous.map(|s| s.id),
        cause,
    };
    // D8: the same person logging in again keeps the session's public name, so the store says which it is.
    let sid = ctx.app.store.open_session(command).await?.ok_or_else(|| {
        Failure::page(
            PageError::TooLate,
            "the person was disabled or removed while logging in",
        )
    })?;
    // The browser may have had another person's session, which has ended.
    ctx.app.backchannel_logout.wake();
    let now = Browser {
        id: new_browser.hash(),
        fresh: None,
        session_id: Some(SessionId(cookie.hash())),
    };
    let mut response = match ticket {
        None => to_account(&ctx.app),
        Some(mut ticket) => {
            ticket.move_to(&now.id);
            ticket.switching = false;
            ticket.steps.login = Some(LoginStep {
                sid,
                subject: user.subject.clone(),
                at: ctx.caller.now,
            });
            // The person is logged in, whatever becomes of the request: the cookies go out with an error page too.
            let result = go_on(ctx, &now, ticket).await;
            error::page(ctx, result)
        }
    };
    set_session(&ctx.app, response.headers_mut(), &cookie, &new_browser);
    known_device::remember(ctx, response.headers_mut(), &user.subject);
    Ok(response)
}

/// Where a login without a client leads.
fn to_account(app: &App) -> Response {
    Redirect::to(&app.settings.issuer.endpoint("/account")).into_response()
}
