//! What users have allowed.

use async_trait::async_trait;
use cardea_protocol::{
    model::{Cause, ClientId, Consent, Subject},
    scope::Scope,
};
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore, audit,
    fault::Verb,
    revocation,
    rows::{self, Fields},
    sessions::session_alive,
    users::may_log_in,
};
use crate::{Consents, GiveConsent, Result, RevokeApplication, events};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.client_id, u.subject, a.scope, a.given_at, a.updated_at
             FROM consents a
             JOIN users u ON u.user_key = a.user_key
             JOIN clients c ON c.client_key = a.client_key
             WHERE u.subject = ?",
            $rest
        )
    };
}

#[async_trait]
impl Consents for SqliteStore {
    async fn consent(&self, subject: &Subject, client_id: &ClientId) -> Result<Option<Consent>> {
        self.read(|db| find(db, subject, client_id))
    }

    async fn consents_of(&self, subject: &Subject) -> Result<Vec<Consent>> {
        self.read(|db| of(db, subject))
    }

    async fn give_consent(&self, command: GiveConsent) -> Result<bool> {
        self.write(move |tx| give(tx, &command)).await
    }

    async fn revoke_application(&self, command: RevokeApplication) -> Result<u64> {
        self.write(move |tx| revocation::application(tx, &command))
            .await
    }
}

pub(super) fn find(db: &Connection, subject: &Subject, client: &ClientId) -> Verb<Option<Consent>> {
    let params = (subject.as_str(), client.as_str());
    rows::first(db, select!(" AND c.client_id = ?"), params, |row| {
        Ok(decode(row)?)
    })
}

pub(super) fn of(db: &Connection, subject: &Subject) -> Verb<Vec<Consent>> {
    rows::all(
        db,
        select!(" ORDER BY c.client_id LIMIT 200"),
        [subject.as_str()],
        |row| Ok(decode(row)?),
    )
}

fn decode(row: &Row<'_>) -> Result<Consent> {
    let mut f = Fields::new(row, "consents", 0);
    Ok(Consent {
        client_id: f.parse("client_id", ClientId::parse)?,
        subject: f.parse("subject", Subject::parse)?,
        scope: f.parse("scope", Scope::parse)?,
        given_at: f.time("given_at")?,
        updated_at: f.time("updated_at")?,
    })
}

fn give(tx: &Connection, command: &GiveConsent) -> Verb<bool> {
    let GiveConsent {
        session,
        subject,
        client_id,
        allowed,
        cause,
    } = command;
    let sql = concat!(
        "SELECT 1 FROM sessions s JOIN users u ON u.user_key = s.user_key, clients c
         WHERE s.cookie_hash = :session AND u.subject = :subject AND ",
        may_log_in!(),
        " AND c.client_id = :client AND c.status = 'enabled' AND ",
        session_alive!()
    );
    let params = named_params! {
        ":session": session.0.as_bytes(),
        ":subject": subject.as_str(),
        ":client": client_id.as_str(),
        ":now": cause.now.as_millisecond(),
    };
    if rows::first(tx, sql, params, |row| Ok(row.get::<_, i64>(0)?))?.is_none() {
        return Ok(false);
    }
    grow(tx, (subject, client_id), allowed, cause)?;
    Ok(true)
}

/// Adds scopes to the consent of a user to a client; audited if it grew.
pub(super) fn grow(
    tx: &Connection,
    (subject, client_id): (&Subject, &ClientId),
    allowed: &Scope,
    cause: &Cause,
) -> Verb<()> {
    let before = find(tx, subject, client_id)?;
    let before = before.as_ref().map(|c| &c.scope);
    let Some(scope) = events::consent_after(before, allowed) else {
        return Ok(());
    };
    rows::execute(
        tx,
        "INSERT INTO consents (user_key, client_key, scope, given_at, updated_at)
         SELECT u.user_key, c.client_key, :scope, :now, :now FROM users u, clients c
         WHERE u.subject = :subject AND c.client_id = :client
         ON CONFLICT (user_key, client_key) DO UPDATE SET scope = excluded.scope, updated_at = excluded.updated_at",
        named_params! {
            ":subject": subject.as_str(),
            ":client": client_id.as_str(),
            ":scope": scope.to_string(),
            ":now": cause.now.as_millisecond(),
        },
    )?;
    audit::record(
        tx,
        cause,
        &events::consent_given(subject, client_id, allowed),
    )
}
