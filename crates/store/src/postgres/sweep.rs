//! The clean-up, in small batches. Live rows are not touched.
//!
//! Each kind is a transaction of its own, and rows that somebody has locked are left for the next time: a request does not wait for
//! the clean-up, and the clean-up not for a request.

use cardea_protocol::model::SessionEnd;
use jiff::{SignedDuration, Timestamp};

use super::{
    PostgresStore, audit,
    connection::{Connection, read, statement, transaction},
    fault::Verb,
    rows, sessions,
    statement::params,
};
use crate::{
    Result, Swept,
    events::{self, KEEP_AGAIN_MS, KEEP_MS},
};

/// How many sessions end in one transaction: their users wait for it when they log in at that moment.
const TOGETHER: u32 = 10;

/// Rows of a table by its key. An array: the rows are chosen once, and then found by their key.
macro_rules! dead {
    ($table:literal, $key:literal, $condition:literal) => {
        concat!(
            $key,
            " = ANY(ARRAY(SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE ",
            $condition,
            " LIMIT :batch FOR UPDATE SKIP LOCKED))"
        )
    };
}

macro_rules! delete {
    ($table:literal, $key:literal, $condition:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            dead!($table, $key, $condition)
        )
    };
}

/// Whether grants name the session of `sessions`.
macro_rules! has_grants {
    () => {
        "EXISTS (SELECT 1 FROM grants g WHERE g.user_key = sessions.user_key AND g.session_key = sessions.session_key)"
    };
}

const EXPIRED: [&str; 5] = [
    delete!("nodes", "id", "expires_at <= :until ORDER BY expires_at"),
    delete!(
        "links",
        "link_key",
        "expires_at <= :until ORDER BY expires_at"
    ),
    delete!(
        "invitations",
        "invitation_key",
        "expires_at <= :until ORDER BY expires_at"
    ),
    delete!(
        "used_sign_ups",
        "subject",
        "expires_at <= :until ORDER BY expires_at"
    ),
    delete!(
        "factor_resets",
        "user_key",
        "expires_at <= :until ORDER BY expires_at"
    ),
];
const DEVICES: &str = delete!(
    "trusted_devices",
    "device_key",
    "expires_at <= :until ORDER BY expires_at"
);
/// In no order: the few codes have no index by time.
const CODES: &str = delete!("codes", "code_hash", "expires_at <= :until");
const GRANTS: &str = delete!(
    "grants",
    "grant_key",
    "coalesce(revoked_at, expires_at) <= :until ORDER BY coalesce(revoked_at, expires_at)"
);
const TOKENS: &str = delete!(
    "revoked_tokens",
    "jti",
    "expires_at <= :until ORDER BY expires_at"
);
const ASSERTIONS: &str = "WITH dead AS
    (SELECT client_id, jti_hash FROM assertions WHERE expires_at <= :until ORDER BY expires_at LIMIT :batch FOR UPDATE SKIP LOCKED)
    DELETE FROM assertions WHERE (client_id, jti_hash) IN (SELECT client_id, jti_hash FROM dead)";

pub(super) async fn sweep(
    store: &PostgresStore,
    now: Timestamp,
    batch: u32,
    audit_ttl: SignedDuration,
) -> Result<Swept> {
    let at = now.as_millisecond();
    let audit_end = now
        .saturating_sub(audit_ttl)
        .unwrap_or(Timestamp::MIN)
        .as_millisecond();
    let expired = end_expired_sessions(store, now, batch).await?;
    for sql in EXPIRED {
        delete(store, sql, at, batch).await?;
    }
    Ok(Swept {
        devices: delete(store, DEVICES, at, batch).await?,
        codes: delete(store, CODES, at, batch).await?,
        grants: delete(store, GRANTS, at.saturating_sub(KEEP_MS), batch).await?,
        sessions: expired + remove_ended_sessions(store, at, batch).await?,
        tokens: delete(store, TOKENS, at, batch).await?,
        assertions: delete(store, ASSERTIONS, at, batch).await?,
        audit: remove_old_audit(store, audit_end, at, batch).await?,
    })
}

async fn delete(store: &PostgresStore, sql: &'static str, until: i64, batch: u32) -> Result<u64> {
    let params = params! { ":until": until, ":batch": batch };
    statement!(store, db => rows::execute(&db, sql, params))
}

/// Ends expired sessions as any other: with their codes and grants, and audited.
async fn end_expired_sessions(store: &PostgresStore, now: Timestamp, batch: u32) -> Result<u64> {
    let mut ended = 0;
    while ended < batch {
        let most = TOGETHER.min(batch - ended);
        let some = transaction!(store, db => end_some(&db, now, most))?;
        ended += some;
        if some < most {
            break;
        }
    }
    Ok(ended.into())
}

/// Those of users whom somebody has locked wait for the next time.
async fn end_some(db: &Connection, now: Timestamp, most: u32) -> Verb<u32> {
    let sql =
        "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key
               WHERE s.ended_at IS NULL AND least(s.idle_expires_at, s.expires_at) <= :now
               ORDER BY least(s.idle_expires_at, s.expires_at) LIMIT :most
               FOR NO KEY UPDATE OF s, u SKIP LOCKED";
    let params = params! { ":now": now.as_millisecond(), ":most": most };
    let expired = rows::all(db, sql, params, |row| Ok(sessions::living(row)?)).await?;
    let cause = events::sweep_cause(now);
    let mut ended = 0;
    for session in &expired {
        ended += u32::from(sessions::end(db, session, SessionEnd::Expired, &cause).await?);
    }
    Ok(ended)
}

/// A session that grants still name stays as long as they do, and is not checked before.
async fn remove_ended_sessions(store: &PostgresStore, now: i64, batch: u32) -> Result<u64> {
    let sql = concat!(
        "UPDATE sessions SET keep_until = greatest(:now + :again, :keep +
             (SELECT max(g.expires_at) FROM grants g
              WHERE g.user_key = sessions.user_key AND g.session_key = sessions.session_key))
         WHERE ",
        dead!(
            "sessions",
            "session_key",
            "keep_until <= :now ORDER BY keep_until"
        ),
        " AND ",
        has_grants!()
    );
    let params = params! {
        ":now": now,
        ":again": KEEP_AGAIN_MS,
        ":keep": KEEP_MS,
        ":batch": batch,
    };
    statement!(store, db => rows::execute(&db, sql, params))?;
    let sql = concat!(
        delete!(
            "sessions",
            "session_key",
            "keep_until <= :until ORDER BY keep_until"
        ),
        " AND NOT ",
        has_grants!()
    );
    delete(store, sql, now, batch).await
}

/// Ids rise with time. Each row is judged by its own time: one that was written while the clock was wrong takes no other along, and
/// keeps none.
async fn remove_old_audit(store: &PostgresStore, until: i64, now: i64, batch: u32) -> Result<u64> {
    let end = read!(store, db => audit::end_of(&db, until, now, batch))?;
    let sql = delete!("audit", "id", "id < :end AND at <= :until ORDER BY id");
    let params = params! { ":end": end, ":until": until, ":batch": batch };
    statement!(store, db => rows::execute(&db, sql, params))
}
