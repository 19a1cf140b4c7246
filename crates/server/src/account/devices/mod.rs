//! `GET /account/devices`: where I am signed in.

pub(crate) mod device;
pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::model::Session;
use cardea_store::Page;
use jiff::{Timestamp, tz::TimeZone};

use self::page::{DevicesPage, SessionLine};
use super::{
    MAX_SHOWN,
    frame::{SignedIn, Visit, visit},
};
use crate::{
    ctx::Ctx,
    error::{self, Failure},
    journey::goal::AccountSection,
    pages::{When, html},
};

/// `GET /account/devices`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, AccountSection::Devices).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => show(&ctx, &user).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn show(ctx: &Ctx, signed_in: &SignedIn) -> Result<Response, Failure> {
    let (current, now) = (&signed_in.session, ctx.caller.now);
    let store = &ctx.app.store;
    let sessions = store.sessions_of(&current.subject, Page::first(MAX_SHOWN), now);
    let mut sessions = sessions.await?.items;
    sessions.sort_by_key(|s| s.id != current.id);
    let addresses: Vec<String> = sessions
        .iter()
        .map(|s| s.address.map(|a| a.to_string()).unwrap_or_default())
        .collect();
    let page = DevicesPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Devices),
        sessions: sessions
            .iter()
            .zip(&addresses)
            .map(|(s, address)| session_line(s, address, current, now))
            .collect(),
    };
    Ok(signed_in.answer(ctx, html(DevicesPage::CSP, &page)))
}

fn session_line<'a>(
    session: &'a Session,
    address: &'a str,
    current: &Session,
    now: Timestamp,
) -> SessionLine<'a> {
    SessionLine {
        id: session.sid.as_str(),
        current: session.id == current.id,
        started: When::new(session.created_at, now),
        last_seen: When::new(session.last_seen_at, now),
        address,
        user_agent: session.user_agent.as_deref().unwrap_or_default(),
        remembered_until: session
            .remembered
            .then(|| session.expires_at.to_zoned(TimeZone::UTC).date()),
    }
}
