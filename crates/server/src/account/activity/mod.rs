//! `GET /account/activity`: what happened to my account, the newest first.

pub(crate) mod page;
mod words;

use std::collections::BTreeMap;

use axum::response::Response;
use cardea_protocol::model::{Actor, AuditRow, Subject};
use cardea_store::{AuditFilter, AuditPosition, Page};

use self::page::{ActivityPage, Author, EventLine, Place};
use super::frame::{SignedIn, Visit, visit};
use crate::{
    ctx::Ctx,
    error::{self, Failure},
    journey::goal::AccountSection,
    pages::{When, html},
};

/// How many events a page shows.
const PAGE: u32 = 30;

/// `GET /account/activity`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, AccountSection::Activity).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => show(&ctx, &user).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn show(ctx: &Ctx, signed_in: &SignedIn) -> Result<Response, Failure> {
    let before = before(ctx);
    // The cursor is only a bound: the rows are those of this user whatever it is.
    let filter = AuditFilter {
        subject: Some(signed_in.user.subject.clone()),
        ..AuditFilter::default()
    };
    let page = Page {
        limit: PAGE,
        after: before,
    };
    let rows = ctx.app.store.audit(filter, page).await?;
    let names = client_names(ctx, &rows.items).await?;
    let page = ActivityPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Activity),
        events: rows
            .items
            .iter()
            .map(|row| event_line(ctx, row, &signed_in.user.subject, &names))
            .collect(),
        older: rows.next.map(|position| position.0),
        newest: before.is_none(),
    };
    Ok(signed_in.answer(ctx, html(ActivityPage::CSP, &page)))
}

/// The cursor of the link to older events. Anything else is the newest page.
fn before(ctx: &Ctx) -> Option<AuditPosition> {
    let query = ctx.caller.query.as_deref()?.as_bytes();
    let (_, id) = form_urlencoded::parse(query).find(|(name, _)| name == "before")?;
    id.parse().ok().map(AuditPosition)
}

/// The names of the clients that the rows name. One that was removed has none.
async fn client_names(ctx: &Ctx, rows: &[AuditRow]) -> Result<BTreeMap<String, String>, Failure> {
    let mut names = BTreeMap::new();
    for id in rows.iter().filter_map(|row| row.client_id.as_ref()) {
        if names.contains_key(id.as_str()) {
            continue;
        }
        let client = ctx.app.clients.find(id.as_str()).await?;
        let name = client.map_or_else(|| id.as_str().to_owned(), |c| c.name().to_owned());
        names.insert(id.as_str().to_owned(), name);
    }
    Ok(names)
}

fn event_line<'a>(
    ctx: &Ctx,
    row: &'a AuditRow,
    user: &Subject,
    names: &'a BTreeMap<String, String>,
) -> EventLine<'a> {
    let author = match &row.actor {
        Actor::Person(subject) if subject == user => Author::User,
        Actor::Stranger => Author::Unknown,
        Actor::Client(_) => Author::App,
        // Another user is an administrator of the user's organization.
        Actor::Person(_) | Actor::Operator(_) => Author::Administrator,
        Actor::System => Author::System,
    };
    let place = match author {
        Author::User | Author::Unknown => Some(Place {
            address: row.address.map(|a| a.to_string()),
            user_agent: row.user_agent.as_deref().unwrap_or_default(),
        }),
        // Where others work is their own affair, and the address of a server tells users nothing.
        Author::App | Author::Administrator | Author::System => None,
    };
    let client_id = row.client_id.as_ref();
    EventLine {
        what: words::key(row.event.known()),
        app: client_id.and_then(|id| names.get(id.as_str()).map(String::as_str)),
        when: When::new(row.at, ctx.caller.now),
        author,
        place,
    }
}
