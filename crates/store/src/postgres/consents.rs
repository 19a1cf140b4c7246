//! What users have allowed.

use async_trait::async_trait;
use cardea_protocol::{
    model::{Cause, ClientId, Consent, Subject},
    scope::Scope,
};
use tokio_postgres::Row;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, transaction},
    fault::Verb,
    revocation,
    rows::{self, Fields},
    sessions::session_alive,
    statement::params,
    users::{self, may_log_in},
};
use crate::{Consents, GiveConsent, Result, RevokeApplication, events};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.client_id, u.subject, a.scope, a.given_at, a.updated_at
             FROM consents a
             JOIN users u ON u.user_key = a.user_key
             JOIN clients c ON c.client_key = a.client_key
             WHERE u.subject = :subject",
            $rest
        )
    };
}

#[async_trait]
impl Consents for PostgresStore {
    async fn consent(&self, subject: &Subject, client_id: &ClientId) -> Result<Option<Consent>> {
        read!(self, db => find(&db, subject, client_id))
    }

    async fn consents_of(&self, subject: &Subject) -> Result<Vec<Consent>> {
        read!(self, db => of(&db, subject))
    }

    async fn give_consent(&self, command: GiveConsent) -> Result<bool> {
        transaction!(self, db => give(&db, &command))
    }

    async fn revoke_application(&self, command: RevokeApplication) -> Result<u64> {
        transaction!(self, db => revocation::application(&db, &command))
    }
}

pub(super) async fn find(
    db: &Connection,
    subject: &Subject,
    client: &ClientId,
) -> Verb<Option<Consent>> {
    let sql = select!(" AND c.client_id = :client");
    let params = params! { ":subject": subject.as_str(), ":client": client.as_str() };
    rows::first(db, sql, params, |row| Ok(decode(row)?)).await
}

pub(super) async fn of(db: &Connection, subject: &Subject) -> Verb<Vec<Consent>> {
    let sql = select!(" ORDER BY c.client_id LIMIT 200");
    let params = params! { ":subject": subject.as_str() };
    rows::all(db, sql, params, |row| Ok(decode(row)?)).await
}

fn decode(row: &Row) -> Result<Consent> {
    let mut f = Fields::new(row, "consents", 0);
    Ok(Consent {
        client_id: f.parse("client_id", ClientId::parse)?,
        subject: f.parse("subject", Subject::parse)?,
        scope: f.parse("scope", Scope::parse)?,
        given_at: f.time("given_at")?,
        updated_at: f.time("updated_at")?,
    })
}

async fn give(db: &Connection, command: &GiveConsent) -> Verb<bool> {
    let GiveConsent {
        session,
        subject,
        client_id,
        allowed,
        cause,
    } = command;
    users::lock(db, subject).await?;
    let sql = concat!(
        "SELECT s.session_key FROM sessions s JOIN users u ON u.user_key = s.user_key, clients c
         WHERE s.cookie_hash = :session AND u.subject = :subject AND ",
        may_log_in!(),
        " AND c.client_id = :client AND c.status = 'enabled' AND ",
        session_alive!()
    );
    let params = params! {
        ":session": session.0.as_bytes(),
        ":subject": subject.as_str(),
        ":client": client_id.as_str(),
        ":now": cause.now.as_millisecond(),
    };
    if rows::value::<i64>(db, sql, params).await?.is_none() {
        return Ok(false);
    }
    grow(db, (subject, client_id), allowed, cause).await?;
    Ok(true)
}

/// Adds scopes to the consent of a user to a client; audited if it grew. The user is locked.
pub(super) async fn grow(
    db: &Connection,
    (subject, client_id): (&Subject, &ClientId),
    allowed: &Scope,
    cause: &Cause,
) -> Verb<()> {
    let before = find(db, subject, client_id).await?;
    let before = before.as_ref().map(|c| &c.scope);
    let Some(scope) = events::consent_after(before, allowed) else {
        return Ok(());
    };
    rows::execute(
        db,
        "INSERT INTO consents (user_key, client_key, scope, given_at, updated_at)
         SELECT u.user_key, c.client_key, :scope, :now, :now FROM users u, clients c
         WHERE u.subject = :subject AND c.client_id = :client
         ON CONFLICT (user_key, client_key) DO UPDATE SET scope = excluded.scope, updated_at = excluded.updated_at",
        params! {
            ":subject": subject.as_str(),
            ":client": client_id.as_str(),
            ":scope": scope.to_string(),
            ":now": cause.now.as_millisecond(),
        },
    )
    .await?;
    let entry = events::consent_given(subject, client_id, allowed);
    audit::record(db, cause, &entry).await
}
