//! The audit: written in the transaction of its cause (D22), read page by page.

use async_trait::async_trait;
use cardea_protocol::model::{Actor, AuditEvent, AuditRow, Cause, ClientId, GrantId, Subject};
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore,
    fault::Verb,
    rows::{self, Fields},
};
use crate::{Audit, AuditFilter, Page, Result, events::AuditEntry};

#[async_trait]
impl Audit for SqliteStore {
    async fn audit(&self, filter: AuditFilter, page: Page) -> Result<Vec<AuditRow>> {
        self.read(|db| list(db, &filter, page))
    }
}

/// What a row says in addition to its cause.
#[derive(Default)]
pub(super) struct About<'a> {
    pub(super) subject: Option<&'a Subject>,
    pub(super) client: Option<&'a ClientId>,
    pub(super) grant: Option<GrantId>,
    pub(super) detail: Option<String>,
}

impl<'a> About<'a> {
    pub(super) fn subject(subject: &'a Subject) -> Self {
        Self {
            subject: Some(subject),
            ..Self::default()
        }
    }

    pub(super) fn client(client: &'a ClientId) -> Self {
        Self {
            client: Some(client),
            ..Self::default()
        }
    }

    pub(super) fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }
}

/// Writes a row.
pub(super) fn write(
    tx: &Connection,
    cause: &Cause,
    event: AuditEvent,
    about: &About<'_>,
) -> Verb<()> {
    let entry = AuditEntry {
        event,
        subject: about.subject,
        client_id: about.client,
        grant_id: about.grant,
        detail: about.detail.as_deref().map(Into::into),
    };
    record(tx, cause, &entry)
}

/// Writes a row.
pub(super) fn record(tx: &Connection, cause: &Cause, entry: &AuditEntry<'_>) -> Verb<()> {
    let (kind, id) = match &cause.actor {
        Actor::Stranger => ("stranger", None),
        Actor::Person(subject) => ("person", Some(subject.as_str())),
        Actor::Client(client) => ("client", Some(client.as_str())),
        Actor::Operator(name) => ("operator", Some(name.as_str())),
        Actor::System => ("system", None),
    };
    rows::execute(
        tx,
        "INSERT INTO audit (at, event, actor_kind, actor_id, subject, client_id, grant_id, address, user_agent,
                            request_id, detail)
         VALUES (:at, :event, :kind, :actor, :subject, :client, :grant, :address, :agent, :request, :detail)",
        named_params! {
            ":at": cause.now.as_millisecond(),
            ":event": entry.event.name(),
            ":kind": kind,
            ":actor": id,
            ":subject": entry.subject.map(Subject::as_str),
            ":client": entry.client_id.map(ClientId::as_str),
            ":grant": entry.grant_id.as_ref().map(GrantId::as_bytes),
            ":address": cause.address.map(|a| a.to_string()),
            ":agent": cause.user_agent,
            ":request": cause.request_id,
            ":detail": entry.detail.as_deref(),
        },
    )
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
               AND (:event IS NULL OR event = :event)
             ORDER BY id DESC LIMIT :limit OFFSET :offset"
        )
    };
}

fn list(db: &Connection, filter: &AuditFilter, page: Page) -> Verb<Vec<AuditRow>> {
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
            event: Some(AuditEvent::Login),
            ..
        } => list!("event = 'login'"),
        AuditFilter { event: Some(_), .. } => list!("event = :event AND event <> 'login'"),
        _ => list!("TRUE"),
    };
    let (limit, offset) = rows::bounds(page);
    let params = named_params! {
        ":subject": filter.subject.as_ref().map(Subject::as_str),
        ":client": filter.client_id.as_ref().map(ClientId::as_str),
        ":event": filter.event.map(AuditEvent::name),
        ":limit": limit,
        ":offset": offset,
    };
    rows::all(db, sql, params, |row| Ok(decode(row)?))
}

fn decode(row: &Row<'_>) -> Result<AuditRow> {
    let mut f = Fields::new(row, "audit", 0);
    Ok(AuditRow {
        id: f.get("id")?,
        at: f.time("at")?,
        event: f.word("event")?,
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

fn actor(f: &mut Fields<'_, '_>) -> Result<Actor> {
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
