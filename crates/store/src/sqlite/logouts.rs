//! Pending logout notifications.

use async_trait::async_trait;
use cardea_protocol::model::{AuditEvent, Cause, ClientId, Sid, Subject};
use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore,
    audit::{self, About},
    fault::Verb,
    rows::{self, Fields},
};
use crate::{ClaimLogouts, Logout, LogoutId, LogoutOutcome, Logouts, Result, SettleLogout};

#[async_trait]
impl Logouts for SqliteStore {
    async fn claim_logouts(&self, command: ClaimLogouts) -> Result<Vec<Logout>> {
        // Read first: mostly nothing is due, and a look must not cost a commit.
        if !self.read(|db| is_due(db, &command))? {
            return Ok(Vec::new());
        }
        // A request waits for the logouts of one session.
        match command.sid {
            Some(_) => self.write(move |tx| claim(tx, &command)).await,
            None => self.job(move |tx| claim(tx, &command)).await,
        }
    }

    async fn settle_logout(&self, command: SettleLogout) -> Result<bool> {
        self.write(move |tx| settle(tx, &command)).await
    }
}

/// D17: one for each client with such a URI that has, or had, a grant of the session.
pub(super) fn write(tx: &Connection, session: i64, cause: &Cause) -> Verb<()> {
    let sql = "INSERT INTO logouts (client_key, subject, sid, request_id, made_at, attempts, due_at)
               SELECT DISTINCT g.client_key, u.subject, s.sid, :request, :now, 0, :now
               FROM sessions s
               JOIN grants g ON g.user_key = s.user_key AND g.session_key = s.session_key
               JOIN clients c ON c.client_key = g.client_key
               JOIN users u ON u.user_key = s.user_key
               WHERE s.session_key = :session AND c.backchannel_logout_uri IS NOT NULL AND c.status = 'enabled'";
    let params = named_params! {
        ":session": session,
        ":request": cause.request_id,
        ":now": cause.now.as_millisecond(),
    };
    rows::execute(tx, sql, params).map(drop)
}

macro_rules! due {
    ($condition:literal) => {
        concat!(
            "SELECT logout_key FROM logouts WHERE ",
            $condition,
            "due_at <= :now AND client_key NOT IN
                 (SELECT client_key FROM clients WHERE client_id IN (SELECT value FROM json_each(:busy)))
             ORDER BY due_at, logout_key LIMIT :limit"
        )
    };
}

fn is_due(db: &Connection, command: &ClaimLogouts) -> Verb<bool> {
    let (now, busy, limit) = (
        command.now.as_millisecond(),
        rows::to_json(&command.busy)?,
        1,
    );
    let found: Option<i64> = match &command.sid {
        None => {
            let params = named_params! { ":now": now, ":busy": busy, ":limit": limit };
            rows::value(db, due!(""), params)?
        }
        Some(sid) => {
            let params =
                named_params! { ":sid": sid.as_str(), ":now": now, ":busy": busy, ":limit": limit };
            rows::value(db, due!("sid = :sid AND "), params)?
        }
    };
    Ok(found.is_some())
}

fn claim(tx: &Connection, command: &ClaimLogouts) -> Verb<Vec<Logout>> {
    macro_rules! claim {
        ($condition:literal) => {
            concat!(
                "UPDATE logouts SET attempts = attempts + 1, due_at = :until WHERE logout_key IN (",
                due!($condition),
                ") RETURNING logout_key, (SELECT client_id FROM clients c WHERE c.client_key = logouts.client_key) AS client_id,
                             subject, sid, request_id, attempts"
            )
        };
    }
    let until = command.now.saturating_add(command.lease);
    let until = until.unwrap_or(Timestamp::MAX).as_millisecond();
    let (now, limit) = (command.now.as_millisecond(), command.limit);
    let busy = rows::to_json(&command.busy)?;
    let read = |row: &Row<'_>| Ok(decode(row)?);
    match &command.sid {
        None => {
            let params =
                named_params! { ":now": now, ":busy": busy, ":until": until, ":limit": limit };
            rows::all(tx, claim!(""), params, read)
        }
        Some(sid) => {
            let params = named_params! {
                ":sid": sid.as_str(), ":now": now, ":busy": busy, ":until": until, ":limit": limit,
            };
            rows::all(tx, claim!("sid = :sid AND "), params, read)
        }
    }
}

fn decode(row: &Row<'_>) -> Result<Logout> {
    let mut f = Fields::new(row, "logouts", 0);
    Ok(Logout {
        id: LogoutId(f.get("logout_key")?),
        client_id: f.parse("client_id", ClientId::parse)?,
        subject: f.parse("subject", Subject::parse)?,
        sid: f.parse("sid", Sid::parse)?,
        request_id: f.get("request_id")?,
        attempt: f.get("attempts")?,
    })
}

/// Only the last try is settled.
fn settle(tx: &Connection, command: &SettleLogout) -> Verb<bool> {
    let logout = &command.logout;
    let one = (logout.id.0, logout.attempt);
    let gone = "DELETE FROM logouts WHERE logout_key = ? AND attempts = ?";
    let settled = match &command.outcome {
        LogoutOutcome::Done => rows::execute(tx, gone, one)?,
        LogoutOutcome::Again(at) => rows::execute(
            tx,
            "UPDATE logouts SET due_at = ? WHERE logout_key = ? AND attempts = ?",
            (at.as_millisecond(), one.0, one.1),
        )?,
        LogoutOutcome::GivenUp(why) => {
            let given_up = rows::execute(tx, gone, one)?;
            if given_up == 1 {
                let about = About {
                    client: Some(&logout.client_id),
                    ..About::subject(&logout.subject)
                };
                let about = about.detail(why);
                audit::write(tx, &command.cause, AuditEvent::LogoutUndelivered, &about)?;
            }
            given_up
        }
    };
    Ok(settled == 1)
}
