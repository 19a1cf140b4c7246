//! The clean-up, in small batches. Live rows are not touched.

use cardea_protocol::model::SessionEnd;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::{audit, fault::Verb, rows, sessions};
use crate::{
    Swept,
    events::{self, KEEP_AGAIN_MS, KEEP_MS},
};

pub(super) fn sweep(
    tx: &Connection,
    now: Timestamp,
    batch: u32,
    audit_ttl: SignedDuration,
) -> Verb<Swept> {
    let at = now.as_millisecond();
    let audit_end = now
        .saturating_sub(audit_ttl)
        .unwrap_or(Timestamp::MIN)
        .as_millisecond();
    let expired = end_expired_sessions(tx, now, batch)?;
    let codes = "DELETE FROM codes WHERE code_hash IN
                 (SELECT code_hash FROM codes WHERE expires_at <= ? ORDER BY code_hash LIMIT ?)";
    let grants = "DELETE FROM grants WHERE grant_key IN
                  (SELECT grant_key FROM grants WHERE coalesce(revoked_at, expires_at) <= ?
                   ORDER BY coalesce(revoked_at, expires_at) LIMIT ?)";
    let tokens = "DELETE FROM revoked_tokens WHERE jti IN
                  (SELECT jti FROM revoked_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)";
    let assertions = "DELETE FROM assertions WHERE (client_id, jti_hash) IN
                      (SELECT client_id, jti_hash FROM assertions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)";
    // Ids rise with time. Each row is judged by its own time: one that was written while the clock was wrong takes no other along,
    // and keeps none.
    let old = "DELETE FROM audit WHERE id IN
                 (SELECT id FROM audit WHERE id < ?3 AND at <= ?1 ORDER BY id LIMIT ?2)";
    let end = audit::end_of(tx, audit_end, at, batch)?;
    let devices = "DELETE FROM trusted_devices WHERE device_key IN
                   (SELECT device_key FROM trusted_devices WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)";
    for (table, key) in [
        ("links", "link_key"),
        ("invitations", "invitation_key"),
        ("used_sign_ups", "subject"),
        ("factor_resets", "user_key"),
    ] {
        let sql = format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)"
        );
        rows::execute(tx, &sql, (at, batch))?;
    }
    Ok(Swept {
        devices: rows::execute(tx, devices, (at, batch))?,
        codes: rows::execute(tx, codes, (at, batch))?,
        grants: rows::execute(tx, grants, (at.saturating_sub(KEEP_MS), batch))?,
        sessions: expired + remove_ended_sessions(tx, at, batch)?,
        tokens: rows::execute(tx, tokens, (at, batch))?,
        assertions: rows::execute(tx, assertions, (at, batch))?,
        audit: rows::execute(tx, old, (audit_end, batch, end))?,
    })
}

/// Ends expired sessions as any other: with their codes and grants, and audited.
fn end_expired_sessions(tx: &Connection, now: Timestamp, batch: u32) -> Verb<u64> {
    let sql =
        "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key
               WHERE s.ended_at IS NULL AND min(s.idle_expires_at, s.expires_at) <= ?
               ORDER BY min(s.idle_expires_at, s.expires_at) LIMIT ?";
    let expired = rows::all(tx, sql, (now.as_millisecond(), batch), |row| {
        Ok(sessions::living(row)?)
    })?;
    let cause = events::sweep_cause(now);
    for session in &expired {
        sessions::end(tx, session, SessionEnd::Expired, &cause)?;
    }
    Ok(expired.len() as u64)
}

/// A session that grants still name stays as long as they do, and is not checked before.
fn remove_ended_sessions(tx: &Connection, now: i64, batch: u32) -> Verb<u64> {
    let sql = "UPDATE sessions SET keep_until = max(?1 + ?3, ?4 +
                   (SELECT max(g.expires_at) FROM grants g
                    WHERE g.user_key = sessions.user_key AND g.session_key = sessions.session_key))
               WHERE session_key IN
                   (SELECT session_key FROM sessions WHERE keep_until <= ?1 ORDER BY keep_until LIMIT ?2)
                 AND EXISTS (SELECT 1 FROM grants g
                             WHERE g.user_key = sessions.user_key AND g.session_key = sessions.session_key)";
    rows::execute(tx, sql, (now, batch, KEEP_AGAIN_MS, KEEP_MS))?;
    let sql = "DELETE FROM sessions WHERE session_key IN
                   (SELECT session_key FROM sessions WHERE keep_until <= ?1 ORDER BY keep_until LIMIT ?2)
                 AND NOT EXISTS (SELECT 1 FROM grants g
                                 WHERE g.user_key = sessions.user_key AND g.session_key = sessions.session_key)";
    rows::execute(tx, sql, (now, batch))
}
