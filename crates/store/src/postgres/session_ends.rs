//! The ends of sessions, with what goes with them.

use cardea_protocol::model::{Cause, SessionEnd, Subject};
use tokio_postgres::Row;

use super::{
    audit,
    connection::Connection,
    fault::Verb,
    links, outbox, revocation,
    rows::{self, Fields},
    sessions::session_alive,
    statement::params,
    users,
};
use crate::{
    Applications, EndSessions, EndWhich, Result,
    events::{self, KEEP_MS},
};

/// A session to end.
pub(super) struct Living {
    pub(super) key: i64,
    pub(super) subject: Subject,
}

/// Decodes `session_key, subject`.
pub(super) fn living(row: &Row) -> Result<Living> {
    let mut f = Fields::new(row, "sessions", 0);
    Ok(Living {
        key: f.get("session_key")?,
        subject: f.parse("subject", Subject::parse)?,
    })
}

pub(super) async fn end_which(db: &Connection, command: &EndSessions) -> Verb<u64> {
    let sessions = which(db, command).await?;
    let mut ended = 0;
    for session in &sessions {
        if end(db, session, command.why, &command.cause).await? {
            ended += 1;
        }
        if command.applications == Applications::Revoke {
            revocation::offline_of_session(db, session, &command.cause).await?;
        }
    }
    if let EndWhich::Subject(subject) | EndWhich::OthersOf(subject, _) = &command.which {
        links::forget_new_address(db, subject).await?;
    }
    if let Some(subject) = events::revokes_all_of(command) {
        users::forget_devices(db, subject, &command.cause).await?;
        revocation::all_of_user(db, subject, &command.cause).await?;
    }
    Ok(ended)
}

/// The living sessions that a command names, locked in the order of their age. Where it is about a user, the user is locked: no
/// session begins meanwhile.
async fn which(db: &Connection, command: &EndSessions) -> Verb<Vec<Living>> {
    macro_rules! which {
        ($condition:literal) => {
            concat!(
                "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key WHERE ",
                $condition,
                " AND ",
                session_alive!(),
                " ORDER BY s.session_key FOR UPDATE OF s"
            )
        };
    }
    let now = command.cause.now.as_millisecond();
    let read = |row: &Row| Ok(living(row)?);
    match &command.which {
        EndWhich::Id(id) => {
            let params = params! { ":id": id.0.as_bytes(), ":now": now };
            rows::all(db, which!("s.cookie_hash = :id"), params, read).await
        }
        EndWhich::Sid(sid, Some(subject)) => {
            let sql = which!("u.subject = :subject AND s.sid = :sid");
            let params =
                params! { ":sid": sid.as_str(), ":subject": subject.as_str(), ":now": now };
            rows::all(db, sql, params, read).await
        }
        // Only for operators: all sessions are read.
        EndWhich::Sid(sid, None) => {
            let params = params! { ":sid": sid.as_str(), ":now": now };
            rows::all(db, which!("s.sid = :sid"), params, read).await
        }
        EndWhich::Subject(subject) => {
            users::lock(db, subject).await?;
            let params = params! { ":subject": subject.as_str(), ":now": now };
            rows::all(db, which!("u.subject = :subject"), params, read).await
        }
        EndWhich::OthersOf(subject, id) => {
            users::lock(db, subject).await?;
            let params = params! {
                ":subject": subject.as_str(),
                ":id": id.0.as_bytes(),
                ":now": now,
            };
            let sql = which!("u.subject = :subject AND s.cookie_hash <> :id");
            rows::all(db, sql, params, read).await
        }
    }
}

/// Ends all sessions of a user who is removed, also expired ones that the clean-up has not ended yet.
pub(super) async fn end_before_removal(
    db: &Connection,
    subject: &Subject,
    cause: &Cause,
) -> Verb<()> {
    let sql =
        "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key
               WHERE u.subject = :subject AND s.ended_at IS NULL ORDER BY s.session_key FOR UPDATE OF s";
    let params = params! { ":subject": subject.as_str() };
    let sessions = rows::all(db, sql, params, |row| Ok(living(row)?));
    for session in sessions.await? {
        end(db, &session, events::USER_REMOVED, cause).await?;
    }
    Ok(())
}

/// Ends a session with its grants without `offline_access`, and notifies its clients. Its codes are not found any more. False if it
/// has ended already.
pub(super) async fn end(
    db: &Connection,
    session: &Living,
    why: SessionEnd,
    cause: &Cause,
) -> Verb<bool> {
    let sql = "UPDATE sessions SET ended_at = :now, end_reason = :why, keep_until = :now + :keep
               WHERE session_key = :key AND ended_at IS NULL";
    let params = params! {
        ":now": cause.now.as_millisecond(),
        ":why": rows::to_word(why)?,
        ":keep": KEEP_MS,
        ":key": session.key,
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    outbox::write_logout_tokens(db, session.key, cause).await?;
    let grants = revocation::with_session(db, session.key, cause.now).await?;
    let entry = events::session_ended(&session.subject, why, grants);
    audit::record(db, cause, &entry).await?;
    Ok(true)
}
