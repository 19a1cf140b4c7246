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
    caller::Caller,
    error::{self, Failure},
    error_page::page::Trouble,
};

/// Opens the session, and goes on where the ticket leads.
pub(crate) async fn open(
    app: &App,
    caller: &Caller,
    browser: &Browser,
    (user, ticket): (User, Option<Ticket>),
) -> Result<Response, Failure> {
    let previous = match browser.session_id {
        Some(id) => app.store.session(id, caller.now).await?,
        None => None,
    };
    let sid = Sid::parse(&app.entropy.text(16)).map_err(|e| Failure::Internal(e.to_string()))?;
    let (cookie, new_browser) = (app.entropy.token(), app.entropy.token());
    let context = AuthenticationContext {
        auth_time: caller.now,
        acr: ACR_PASSWORD.to_owned(),
        amr: vec!["pwd".to_owned()],
    };
    let session = Session {
        id: SessionId(cookie.hash()),
        sid,
        subject: user.subject.clone(),
        context,
        created_at: caller.now,
        last_seen_at: caller.now,
        idle_expires_at: caller
            .now
            .saturating_add(app.settings.session_idle_ttl)
            .unwrap_or(caller.now),
        expires_at: caller
            .now
            .saturating_add(app.settings.session_absolute_ttl)
            .unwrap_or(caller.now),
        address: caller.address.map(|a| a.ip),
        user_agent: caller.user_agent(),
        ended: None,
    };
    let cause = caller.cause(Actor::Person(user.subject.clone()));
    let command = OpenSession {
        session,
        previous: previous.map(|s| s.id),
        cause,
    };
    // D8: the same person logging in again keeps the session's public name, so the store says which it is.
    let sid = app.store.open_session(command).await?.ok_or_else(|| {
        Failure::page(
            Trouble::TooLate,
            "the person was disabled or removed while logging in",
        )
    })?;
    // The browser may have had another person's session, which has ended.
    app.backchannel_logout.wake();
    let now = Browser {
        id: new_browser.hash(),
        fresh: None,
        session_id: Some(SessionId(cookie.hash())),
    };
    let mut response = match ticket {
        None => to_account(app),
        Some(mut ticket) => {
            ticket.move_to(&now.id);
            ticket.switching = false;
            ticket.steps.login = Some(LoginStep {
                sid,
                subject: user.subject.clone(),
                at: caller.now,
            });
            // The person is logged in, whatever becomes of the request: the cookies go out with an error page too.
            let result = go_on(app, caller, &now, ticket).await;
            error::page(app, caller, result)
        }
    };
    set_session(app, response.headers_mut(), &cookie, &new_browser);
    known_device::remember(app, response.headers_mut(), &user.subject);
    Ok(response)
}

/// Where a login without a client leads.
fn to_account(app: &App) -> Response {
    Redirect::to(&app.settings.issuer.endpoint("/account")).into_response()
}
