//! Refresh tokens: rotated by the rule of D11 on the locked row.

use cardea_protocol::{
    model::{Grant, GrantId, RefreshState, RefreshTokenId, RevocationReason},
    token::{
        Standing,
        refresh_token::{self, Verdict, Write},
    },
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

use super::{
    audit,
    fault::{Verb, conflict},
    grant_rows::{
        self, ASSIGNED_COLUMNS, GRANT_COLUMNS, STANDING_COLUMNS, assigned_columns, grant_columns,
        grant_joins, is_member, standing_columns,
    },
    reader::Readers,
    rows::{self, Fields},
    sessions::{self, living_sid_column, session_alive},
    users::{self, USER_COLUMNS, may_log_in, user_columns},
};
use crate::{
    Constraint, RefreshContext, RotateRefresh,
    events::{self, AUDIT_AHEAD_EVERY_MS, TOUCH_EVERY_MS},
};

pub(super) fn context(
    db: &Connection,
    id: RefreshTokenId,
    (now, readers): (Timestamp, &Readers),
) -> Verb<Option<RefreshContext>> {
    macro_rules! select {
        ($condition:literal) => {
            concat!(
                "SELECT ",
                grant_columns!(),
                ", ",
                user_columns!(),
                ", ",
                assigned_columns!("g"),
                ", ",
                living_sid_column!(),
                ", (s.last_seen_at < :due) IS TRUE AS session_due",
                grant_joins!(),
                "WHERE ",
                $condition
            )
        };
    }
    let now = now.as_millisecond();
    let due = now.saturating_sub(TOUCH_EVERY_MS);
    let find = |sql: &str| {
        let params = named_params! { ":id": id.0, ":now": now, ":due": due };
        rows::first(db, sql, params, |row| read_context(row, readers))
    };
    let found = find(select!("g.grant_id = :id AND g.refresh_token_id IS NULL"))?;
    if found.is_some() {
        return Ok(found);
    }
    // The refresh tokens of old grants have an id of their own.
    find(select!("g.refresh_token_id = :id"))
}

fn read_context(row: &Row<'_>, readers: &Readers) -> Verb<RefreshContext> {
    let assigned = GRANT_COLUMNS + USER_COLUMNS;
    let session = assigned + ASSIGNED_COLUMNS;
    Ok(RefreshContext {
        grant: Box::new(grant_rows::grant(row)?),
        user: users::decode(row, GRANT_COLUMNS)?,
        assigned: grant_rows::assigned(row, assigned, readers)?,
        sid: sessions::living_sid(row, session)?,
        session_due: row.get(session + 1)?,
    })
}

/// The row as the writer finds it.
struct Locked {
    key: i64,
    grant: Grant,
    standing: Standing,
}

impl Locked {
    fn decode(row: &Row<'_>) -> Verb<Self> {
        let grant = grant_rows::grant(row)?;
        let standing = grant_rows::standing(row, GRANT_COLUMNS)?;
        let mut f = Fields::new(row, "grants", GRANT_COLUMNS + STANDING_COLUMNS);
        Ok(Self {
            key: f.get("grant_key")?,
            grant,
            standing,
        })
    }
}

/// D6: the verdict on the grant as it was read is written by one statement, if the grant is unchanged. If it is not, the rule
/// is applied again to the locked row.
pub(super) fn rotate(tx: &Connection, command: &RotateRefresh) -> Verb<Option<Verdict>> {
    let judge = |grant: &Grant, standing| {
        let RotateRefresh {
            presented, policy, ..
        } = command;
        refresh_token::judge(grant, standing, presented, policy, command.cause.now)
    };
    let expected = judge(&command.grant, Standing::WHOLE);
    if let (Write::Rotate(next), Some(before)) = (&expected.write, &command.grant.refresh)
        && write_rotation(tx, command, before, next)?
    {
        write_audit(tx, command, &expected)?;
        return Ok(Some(expected));
    }
    let Some(locked) = lock(tx, command)? else {
        return Ok(None);
    };
    let verdict = judge(&locked.grant, locked.standing);
    match &verdict.write {
        Write::Nothing => {}
        Write::Rotate(next) => {
            let before = locked.grant.refresh.as_ref().unwrap_or(next);
            if !write_rotation(tx, command, before, next)? {
                // Impossible while one writer holds the lock; no token may be issued in that case.
                return Err(conflict(Constraint::Generation));
            }
        }
        Write::Note(noted) => note(tx, locked.key, noted)?,
        Write::Revoke(reason) => revoke(tx, locked.key, *reason, command)?,
    }
    write_audit(tx, command, &verdict)?;
    Ok(Some(verdict))
}

fn lock(tx: &Connection, command: &RotateRefresh) -> Verb<Option<Locked>> {
    let sql = concat!(
        "SELECT ",
        grant_columns!(),
        ", ",
        standing_columns!(),
        ", g.grant_key",
        grant_joins!(),
        "WHERE g.grant_id = :id"
    );
    let now = command.cause.now.as_millisecond();
    let params = named_params! { ":id": command.grant.id.as_bytes(), ":now": now };
    rows::first(tx, sql, params, Locked::decode)
}

fn write_audit(tx: &Connection, command: &RotateRefresh, verdict: &Verdict) -> Verb<()> {
    for entry in events::refreshed(command, verdict, || is_ahead_audited(tx, command))? {
        audit::record(tx, &command.cause, &entry)?;
    }
    Ok(())
}

/// Whether the audit has a recent row.
fn is_ahead_audited(tx: &Connection, command: &RotateRefresh) -> Verb<bool> {
    let sql =
        "SELECT 1 FROM audit WHERE event = 'refresh_ahead' AND grant_id = ? AND at > ? LIMIT 1";
    let since = command
        .cause
        .now
        .as_millisecond()
        .saturating_sub(AUDIT_AHEAD_EVERY_MS);
    Ok(rows::value::<i64>(tx, sql, (command.grant.id.as_bytes(), since))?.is_some())
}

/// Whether it was written. Whatever other commands may change is a condition; the rest of a grant never changes, or only
/// together with its generation. No column here is in an index, so that a rotation writes one page.
fn write_rotation(
    tx: &Connection,
    command: &RotateRefresh,
    before: &RefreshState,
    next: &RefreshState,
) -> Verb<bool> {
    let sql = concat!(
        "UPDATE grants AS g
         SET refresh_generation = :generation, refresh_rotated_at = :now, refresh_current_seen = :seen,
             refresh_idle_expires_at = :idle, refresh_retries = :retries, refresh_anomaly_at = :anomaly,
             last_address = :address, last_user_agent = :agent
         WHERE g.grant_id = :id AND g.refresh_generation = :presented AND g.refresh_retries = :before
           AND g.revoked_at IS NULL
           AND EXISTS (SELECT 1 FROM users u WHERE u.user_key = g.user_key AND ",
        may_log_in!(),
        ")
           AND EXISTS (SELECT 1 FROM clients c WHERE c.client_key = g.client_key AND c.status = 'enabled')
           AND (g.offline OR g.session_key IS NULL OR EXISTS (SELECT 1 FROM sessions s WHERE s.session_key = g.session_key AND ",
        session_alive!(),
        ")) AND ",
        is_member!("g", "g")
    );
    let params = named_params! {
        ":id": command.grant.id.as_bytes(),
        ":presented": command.presented.generation,
        ":generation": next.generation,
        ":now": next.rotated_at.as_millisecond(),
        ":seen": next.current_seen,
        ":idle": next.idle_expires_at.as_millisecond(),
        ":retries": next.retries,
        ":before": before.retries,
        ":anomaly": next.anomaly_at.map(|at| at.as_millisecond()),
        ":address": next.last_seen.address.map(|a| a.to_string()),
        ":agent": next.last_seen.user_agent,
    };
    let written = rows::execute(tx, sql, params)? == 1;
    if written && command.session_due && !command.grant.is_offline() {
        keep_session(tx, command)?;
    }
    Ok(written)
}

/// A client in use keeps its session alive. Offline access continues without the user, so it proves no activity.
fn keep_session(tx: &Connection, command: &RotateRefresh) -> Verb<()> {
    let now = command.cause.now;
    let sql = concat!(
        "UPDATE sessions SET last_seen_at = ?1, ",
        sessions::idle_end_after!("?2"),
        " WHERE session_key = (SELECT session_key FROM grants WHERE grant_id = ?3) AND last_seen_at < ?1 - ?4"
    );
    let idle_end = sessions::idle_end(now, command.session_idle);
    let id = command.grant.id.as_bytes();
    rows::execute(
        tx,
        sql,
        (now.as_millisecond(), idle_end, id, TOUCH_EVERY_MS),
    )
    .map(drop)
}

/// What was observed of a token that was not rotated.
fn note(tx: &Connection, key: i64, noted: &RefreshState) -> Verb<()> {
    let sql = "UPDATE grants SET refresh_late_retry_at = ?, refresh_retries = ?, refresh_anomaly_at = ? WHERE grant_key = ?";
    let time = |at: Option<Timestamp>| at.map(|at| at.as_millisecond());
    let (late, anomaly) = (time(noted.late_retry_at), time(noted.anomaly_at));
    rows::execute(tx, sql, (late, noted.retries, anomaly, key)).map(drop)
}

fn revoke(
    tx: &Connection,
    key: i64,
    reason: RevocationReason,
    command: &RotateRefresh,
) -> Verb<()> {
    let sql = "UPDATE grants SET revoked_at = ?, revoked_reason = ? WHERE grant_key = ?";
    rows::execute(
        tx,
        sql,
        (
            command.cause.now.as_millisecond(),
            rows::to_word(reason)?,
            key,
        ),
    )
    .map(drop)
}

/// Whether there is something to record: read first, because a visit must not cost a commit.
pub(super) fn is_unseen(db: &Connection, id: GrantId, generation: u32) -> Verb<bool> {
    let sql = "SELECT 1 FROM grants WHERE grant_id = ?1 AND refresh_generation = ?2 AND refresh_current_seen = 0";
    Ok(rows::value::<i64>(db, sql, (id.as_bytes(), generation))?.is_some())
}

pub(super) fn note_seen(tx: &Connection, id: GrantId, generation: u32) -> Verb<()> {
    let sql =
        "UPDATE grants SET refresh_current_seen = 1 WHERE grant_id = ? AND refresh_generation = ?";
    rows::execute(tx, sql, (id.as_bytes(), generation)).map(drop)
}
