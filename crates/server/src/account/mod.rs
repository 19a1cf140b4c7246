//! The account: who I am, what I sign in with, where I am signed in, which applications act for me, what happened. Each section is a page.

pub(crate) mod activity;
pub(crate) mod apps;
pub(crate) mod deletion;
pub(crate) mod devices;
pub(crate) mod export;
pub(crate) mod frame;
pub(crate) mod profile;
pub(crate) mod security;

use axum::response::Response;
use cardea_protocol::model::{Actor, Cause, ClientId, Session, SessionEnd, Sid};
use cardea_store::{Applications, EndSessions, EndWhich, Page, RevokeApplication};
use cardea_web::inbound::UnreadForm;

use self::frame::{Done, STEP, back_to, to_login};
use crate::{
    app::App,
    backchannel_logout::notify_clients,
    browser::Browser,
    ctx::Ctx,
    end_session,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_PAGE_BYTES, read_limited},
    journey::{
        forms::{csrf_parts, from_our_page},
        goal::AccountSection,
    },
};

/// How many sessions and how many grants a page shows.
const MAX_SHOWN: u32 = 200;

/// `POST /account`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.other;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_PAGE_BYTES).await?;
        act(&ctx, &Form::of(pairs)?).await
    };
    error::page(&ctx, result.await)
}

async fn act(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let Some(session) = browser.session(ctx).await? else {
        let return_to = match form.one("action") {
            Some("end_session" | "end_other_sessions") => AccountSection::Devices,
            Some("revoke") => AccountSection::Apps,
            _ => AccountSection::Profile,
        };
        return Ok(to_login(ctx, return_to));
    };
    from_our_page(ctx, &csrf_parts(&browser, "", STEP), form.one("csrf"))?;
    let subject = session.subject.clone();
    let cause = ctx.caller.cause(Actor::Person(subject.clone()));
    let id = form.one("id").unwrap_or_default();
    let broken = |e: &dyn std::fmt::Display| Failure::page(PageError::BrokenLink, e.to_string());
    let (section, done) = match form.one("action") {
        Some("log_out") => {
            return end_session::leave(ctx, &session).await;
        }
        Some("join_organization") => {
            return profile::organizations::join(ctx, subject, id, cause).await;
        }
        Some("end_session") => {
            let sid = Sid::parse(id).map_err(|e| broken(&e))?;
            ctx.app
                .store
                .end_sessions(EndSessions {
                    which: EndWhich::Sid(sid.clone(), Some(subject)),
                    why: SessionEnd::Remote,
                    applications: Applications::Keep,
                    cause,
                })
                .await?;
            notify_clients(&ctx.app, &sid).await;
            (AccountSection::Devices, Done::SessionEnded)
        }
        Some("end_other_sessions") => {
            end_others(&ctx.app, &session, cause).await?;
            (AccountSection::Devices, Done::OthersEnded)
        }
        Some("revoke") => {
            let client_id = ClientId::parse(id).map_err(|e| broken(&e))?;
            ctx.app
                .store
                .revoke_application(RevokeApplication {
                    subject,
                    client_id,
                    cause,
                })
                .await?;
            (AccountSection::Apps, Done::AccessRevoked)
        }
        _ => return Err(broken(&"the account form has no known action")),
    };
    Ok(back_to(ctx, section, done))
}

/// Ends all sessions of the user but this one.
async fn end_others(app: &App, current: &Session, cause: Cause) -> Result<(), Failure> {
    let mut page = Page::first(MAX_SHOWN);
    loop {
        let subject = &current.subject;
        let sessions = app
            .store
            .sessions_of(subject, page.clone(), cause.now)
            .await?;
        for session in sessions.items {
            if session.sid == current.sid {
                continue;
            }
            let command = EndSessions {
                which: EndWhich::Sid(session.sid, Some(subject.clone())),
                why: SessionEnd::Remote,
                applications: Applications::Keep,
                cause: cause.clone(),
            };
            app.store.end_sessions(command).await?;
        }
        page.after = sessions.next;
        if page.after.is_none() {
            break;
        }
    }
    app.backchannel_logout.wake();
    Ok(())
}
