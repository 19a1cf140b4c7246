//! Refresh tokens: rotated by the rule of D11 on the locked row.

use cardea_protocol::{
    model::{AuditEvent, Grant, GrantId, RefreshState, RefreshTokenId, RevocationReason},
    token::{
        Standing,
        refresh_token::{self, Verdict, Write},
    },
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

use super::{
    audit::{self, About},
    fault::Verb,
    grant_rows::{
        self, GRANT_COLUMNS, STANDING_COLUMNS, grant_columns, grant_joins, standing_columns,
    },
    rows::{self, Fields},
    sessions::{self, TOUCH_EVERY_MS, living_sid_column},
    users::{self, USER_COLUMNS, user_columns},
};
use crate::{RefreshContext, RotateRefresh, StoreError};

pub(super) fn context(
    db: &Connection,
    id: RefreshTokenId,
    now: Timestamp,
) -> Verb<Option<RefreshContext>> {
    let sql = concat!(
        "SELECT ",
        grant_columns!(),
        ", ",
        user_columns!(),
        ", ",
        living_sid_column!(),
        grant_joins!(),
        "WHERE g.refresh_token_id = :id"
    );
    let params = named_params! { ":id": id.0, ":now": now.as_millisecond() };
    rows::first(db, sql, params, |row| {
        Ok(RefreshContext {
            grant: grant_rows::grant(row)?,
            user: users::decode(row, GRANT_COLUMNS)?,
            sid: sessions::living_sid(row, GRANT_COLUMNS + USER_COLUMNS)?,
        })
    })
}

/// A token ahead of its row is audited once a minute for a grant.
const TELL_AHEAD_EVERY_MS: i64 = 60_000;

/// The row as the writer finds it.
struct Locked {
    key: i64,
    session: i64,
    session_seen_at: i64,
    grant: Grant,
    standing: Standing,
}

impl Locked {
    fn decode(row: &Row<'_>) -> Verb<Self> {
        let grant = grant_rows::grant(row)?;
        let standing = grant_rows::standing(row, GRANT_COLUMNS)?;
        let mut f = Fields::new(row, "grants", GRANT_COLUMNS + STANDING_COLUMNS);
        let (key, session) = (f.get("grant_key")?, f.get("session_key")?);
        Ok(Self {
            key,
            session,
            session_seen_at: f.get("last_seen_at")?,
            grant,
            standing,
        })
    }
}

pub(super) fn rotate(tx: &Connection, command: &RotateRefresh) -> Verb<Option<Verdict>> {
    let sql = concat!(
        "SELECT ",
        grant_columns!(),
        ", ",
        standing_columns!(),
        ", g.grant_key, s.session_key, s.last_seen_at",
        grant_joins!(),
        "WHERE g.grant_id = :id"
    );
    let now = command.cause.now;
    let params = named_params! { ":id": command.id.as_bytes(), ":now": now.as_millisecond() };
    let Some(locked) = rows::first(tx, sql, params, Locked::decode)? else {
        return Ok(None);
    };
    let verdict = refresh_token::judge(
        &locked.grant,
        locked.standing,
        &command.presented,
        &command.policy,
        now,
    );
    match &verdict.write {
        Write::Nothing => {}
        Write::Rotate(next) => {
            write_rotation(tx, locked.key, command.presented.generation, next)?;
            keep_session(tx, &locked, command)?;
        }
        Write::LateRetry(at) => {
            let sql = "UPDATE grants SET refresh_late_retry_at = ? WHERE grant_key = ?";
            rows::execute(tx, sql, (at.as_millisecond(), locked.key))?;
        }
        Write::Revoke(reason) => revoke(tx, locked.key, *reason, command)?,
    }
    for event in &verdict.events {
        if *event == AuditEvent::RefreshAhead && is_ahead_told(tx, command)? {
            continue;
        }
        let about = About {
            subject: Some(&locked.grant.subject),
            client: Some(&locked.grant.client_id),
            grant: Some(locked.grant.id),
            detail: None,
        };
        audit::write(tx, &command.cause, *event, &about)?;
    }
    Ok(Some(verdict))
}

/// Whether the audit has it already: a leaked key must not fill the disk (D22).
fn is_ahead_told(tx: &Connection, command: &RotateRefresh) -> Verb<bool> {
    let sql =
        "SELECT 1 FROM audit WHERE event = 'refresh_ahead' AND grant_id = ? AND at > ? LIMIT 1";
    let since = command
        .cause
        .now
        .as_millisecond()
        .saturating_sub(TELL_AHEAD_EVERY_MS);
    Ok(rows::value::<i64>(tx, sql, (command.id.as_bytes(), since))?.is_some())
}

/// Touches one page: no column of it is in an index.
fn write_rotation(tx: &Connection, key: i64, presented: u32, next: &RefreshState) -> Verb<()> {
    let written = rows::execute(
        tx,
        "UPDATE grants SET refresh_generation = :generation, refresh_rotated_at = :rotated, refresh_current_seen = :seen,
                           refresh_idle_expires_at = :idle, refresh_anomaly_at = :anomaly, last_address = :address,
                           last_user_agent = :agent
         WHERE grant_key = :key AND refresh_generation = :presented AND revoked_at IS NULL",
        named_params! {
            ":key": key,
            ":presented": presented,
            ":generation": next.generation,
            ":rotated": next.rotated_at.as_millisecond(),
            ":seen": next.current_seen,
            ":idle": next.idle_expires_at.as_millisecond(),
            ":anomaly": next.anomaly_at.map(|at| at.as_millisecond()),
            ":address": next.last_seen.address.map(|a| a.to_string()),
            ":agent": next.last_seen.user_agent,
        },
    )?;
    match written {
        1 => Ok(()),
        // Not while one writer holds the lock; were it so, nobody may get a token for it.
        _ => Err(
            StoreError::Conflict("the refresh token was rotated by somebody else".to_owned())
                .into(),
        ),
    }
}

/// An application in use keeps its session awake. Offline access goes on without the person, so it proves nothing of them.
fn keep_session(tx: &Connection, locked: &Locked, command: &RotateRefresh) -> Verb<()> {
    let now = command.cause.now;
    let due = now.as_millisecond().saturating_sub(locked.session_seen_at) > TOUCH_EVERY_MS;
    if !due || !locked.standing.session_alive || locked.grant.is_offline() {
        return Ok(());
    }
    let sql = "UPDATE sessions SET last_seen_at = ?, idle_expires_at = ? WHERE session_key = ?";
    let idle_end = sessions::idle_end(now, command.session_idle);
    rows::execute(tx, sql, (now.as_millisecond(), idle_end, locked.session)).map(drop)
}

fn revoke(
    tx: &Connection,
    key: i64,
    reason: RevocationReason,
    command: &RotateRefresh,
) -> Verb<()> {
    let sql = "UPDATE grants SET revoked_at = ?, revoked_reason = ? WHERE grant_key = ? AND revoked_at IS NULL";
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

/// Whether there is something to note: asked first, because a visit must not cost a commit.
pub(super) fn is_unseen(db: &Connection, id: GrantId, generation: u32) -> Verb<bool> {
    let sql = "SELECT 1 FROM grants WHERE grant_id = ? AND refresh_generation = ? AND refresh_current_seen = 0";
    Ok(rows::value::<i64>(db, sql, (id.as_bytes(), generation))?.is_some())
}

pub(super) fn note_seen(tx: &Connection, id: GrantId, generation: u32) -> Verb<()> {
    let sql =
        "UPDATE grants SET refresh_current_seen = 1 WHERE grant_id = ? AND refresh_generation = ?";
    rows::execute(tx, sql, (id.as_bytes(), generation)).map(drop)
}
