//! The audit: written in the transaction of its cause (D22), read page by page.

use std::convert::Infallible;

use async_trait::async_trait;
use cardea_protocol::model::{
    Actor, AuditEvent, AuditRow, Cause, ClientId, GrantId, RecordedEvent, Subject,
};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    PostgresStore,
    connection::{Connection, read},
    fault::Verb,
    rows::{self, Fields},
    statement::params,
};
use crate::{Audit, AuditFilter, AuditPosition, Page, Result, Rows, events::AuditEntry};

#[async_trait]
impl Audit for PostgresStore {
    async fn audit(
        &self,
        filter: AuditFilter,
        page: Page<AuditPosition>,
    ) -> Result<Rows<AuditRow, AuditPosition>> {
        read!(self, db => list(&db, &filter, &page))
    }
}

/// Writes a row.
pub(super) async fn record(db: &Connection, cause: &Cause, entry: &AuditEntry<'_>) -> Verb<()> {
    let (kind, id) = match &cause.actor {
        Actor::Stranger => ("stranger", None),
        Actor::Person(subject) => ("person", Some(subject.as_str())),
        Actor::Client(client) => ("client", Some(client.as_str())),
        Actor::Operator(name) => ("operator", Some(name.as_str())),
        Actor::System => ("system", None),
    };
    rows::execute(
        db,
        "INSERT INTO audit (at, event, actor_kind, actor_id, subject, client_id, grant_id, address, user_agent,
                            request_id, detail)
         VALUES (:at, :event, :kind, :actor, :subject, :client, :grant, :address, :agent, :request, :detail)",
        params! {
            ":at": cause.now.as_millisecond(),
            ":event": entry.event.name(),
            ":kind": kind,
            ":actor": id,
            ":subject": entry.subject.map(Subject::as_str),
            ":client": entry.client_id.map(ClientId::as_str),
            ":grant": entry.grant_id.as_ref().map(GrantId::as_bytes),
            ":address": cause.address.map(|a| a.to_string()),
            ":agent": &cause.user_agent,
            ":request": cause.request_id.as_str(),
            ":detail": entry.detail.as_deref(),
        },
    )
    .await
    .map(drop)
}

macro_rules! list {
    ($condition:literal) => {
        concat!(
            "SELECT id, at, event, actor_kind, actor_id, subject, client_id, grant_id, address, user_agent, request_id,
                    detail
             FROM audit
             WHERE ",
            $condition,
            " AND (:subject IS NULL OR subject = :subject) AND (:client IS NULL OR client_id = :client)
               AND (:event IS NULL OR event = :event) AND (:since IS NULL OR at >= :since) AND id >= :first AND id < :after
             ORDER BY id DESC LIMIT :limit"
        )
    };
}

/// By how much a row may be older than one that was written before: requests take their time, clocks differ, and are set.
const DISORDER_MS: i64 = 60 * 60 * 1000;

/// How many rows before the ones that were found are read too: the clock may have been set back by more.
const LOOK_BACK: i64 = 100_000;

/// An id from which on the rows of a period are: ids rise with time, but for [`DISORDER_MS`]. A binary search, as no index
/// has the times; each row's own time decides then. A clock that was set back by more hides no row unless it was wrong for
/// [`LOOK_BACK`] rows.
async fn first_since(db: &Connection, since: i64) -> Verb<i64> {
    let (first, mut end) = range(db).await?;
    let earlier = "SELECT id FROM audit WHERE id >= :from AND id < :found AND at >= :since ORDER BY id LIMIT 1";
    loop {
        let bound = since.saturating_sub(DISORDER_MS);
        let found = search(db, (first, end), |at| at < bound).await?;
        let from = found.saturating_sub(LOOK_BACK);
        let params = params! { ":from": from, ":found": found, ":since": since };
        match rows::value(db, earlier, params).await? {
            None => return Ok(found),
            Some(id) => end = id,
        }
    }
}

/// An id before which the rows up to this time are; few others are among them. At least the first `batch` rows are before it. A
/// binary search too. Times that have not come yet, of a clock that was ahead, tell nothing: what is older may follow.
pub(super) async fn end_of(db: &Connection, oldest_kept: i64, now: i64, batch: u32) -> Verb<i64> {
    let range = range(db).await?;
    let low = search(db, range, |at| at <= oldest_kept || at > now).await?;
    Ok(low.max(range.0.saturating_add(batch.into())))
}

/// The ids from the first to the one after the last.
async fn range(db: &Connection) -> Verb<(i64, i64)> {
    let sql = "SELECT coalesce(min(id), 0), coalesce(max(id), -1) + 1 FROM audit";
    let found = rows::first(db, sql, &[], |row| {
        Ok((rows::read(row, 0)?, rows::read(row, 1)?))
    });
    Ok(found.await?.unwrap_or_default())
}

/// The first id whose row is not among the early ones, if the rows of the range are in order.
async fn search(
    db: &Connection,
    (mut low, mut high): (i64, i64),
    is_early: impl Fn(i64) -> bool,
) -> Verb<i64> {
    let next = "SELECT id, at FROM audit WHERE id >= :middle ORDER BY id LIMIT 1";
    while low < high {
        let middle = low + (high - low) / 2;
        let params = params! { ":middle": middle };
        let row = rows::first(db, next, params, |row| {
            Ok((rows::read::<i64>(row, 0)?, rows::read::<i64>(row, 1)?))
        });
        match row.await? {
            Some((id, at)) if is_early(at) => low = id + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}

async fn list(
    db: &Connection,
    filter: &AuditFilter,
    page: &Page<AuditPosition>,
) -> Verb<Rows<AuditRow, AuditPosition>> {
    // The narrowest condition is written as a plain comparison, so that its index is used.
    let sql = match filter {
        AuditFilter {
            subject: Some(_), ..
        } => list!("subject = :subject"),
        AuditFilter {
            client_id: Some(_), ..
        } => list!("client_id = :client"),
        // Logins are frequent, and are not in the index.
        AuditFilter {
            event: Some(event), ..
        } if *event != AuditEvent::Login => list!("event = :event AND event <> 'login'"),
        _ => list!("TRUE"),
    };
    let (limit, read) = rows::limits(page);
    let since = filter.since.map(Timestamp::as_millisecond);
    let first = match since {
        Some(since) => first_since(db, since).await?,
        None => 0,
    };
    let params = params! {
        ":subject": filter.subject.as_ref().map(Subject::as_str),
        ":client": filter.client_id.as_ref().map(ClientId::as_str),
        ":event": filter.event.map(AuditEvent::name),
        ":since": since,
        ":first": first,
        ":after": page.after.as_ref().map_or(i64::MAX, |position| position.0),
        ":limit": read,
    };
    let found = rows::all(db, sql, params, |row| {
        let row = decode(row)?;
        Ok((AuditPosition(row.id), row))
    });
    Ok(rows::page(found.await?, limit))
}

fn decode(row: &Row) -> Result<AuditRow> {
    let mut f = Fields::new(row, "audit", 0);
    Ok(AuditRow {
        id: f.get("id")?,
        at: f.time("at")?,
        event: f.parse("event", |name| {
            Ok::<_, Infallible>(RecordedEvent::parse(name))
        })?,
        actor: actor(&mut f)?,
        subject: f.parse_opt("subject", Subject::parse)?,
        client_id: f.parse_opt("client_id", ClientId::parse)?,
        grant_id: f
            .get::<Option<[u8; 16]>>("grant_id")?
            .map(GrantId::from_bytes),
        address: f.parse_opt("address", str::parse)?,
        user_agent: f.get("user_agent")?,
        request_id: f.get("request_id")?,
        detail: f.get("detail")?,
    })
}

fn actor(f: &mut Fields<'_>) -> Result<Actor> {
    let kind: String = f.get("actor_kind")?;
    let id: Option<String> = f.get("actor_id")?;
    let actor = match (kind.as_str(), id) {
        ("stranger", None) => Some(Actor::Stranger),
        ("system", None) => Some(Actor::System),
        ("person", Some(id)) => Subject::parse(&id).ok().map(Actor::Person),
        ("client", Some(id)) => ClientId::parse(&id).ok().map(Actor::Client),
        ("operator", Some(id)) => Some(Actor::Operator(id)),
        _ => None,
    };
    actor.ok_or_else(|| f.corrupt("actor_kind", "no such actor"))
}
