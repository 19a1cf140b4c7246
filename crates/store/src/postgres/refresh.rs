//! Refresh tokens: rotated by the rule of D11 on the locked row.

use cardea_protocol::{
    model::{AuditEvent, Grant, GrantId, RefreshState, RefreshTokenId, RevocationReason},
    token::{
        Standing,
        refresh_token::{self, Verdict, Write},
    },
};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    audit,
    connection::Connection,
    fault::Verb,
    grant_rows::{
        self, ASSIGNED_COLUMNS, GRANT_COLUMNS, STANDING_COLUMNS, assigned_columns, grant_columns,
        grant_joins, is_member, standing_columns,
    },
    rows::{self, Fields},
    sessions::{self, living_sid_column, session_alive},
    statement::params,
    users::{self, USER_COLUMNS, may_log_in, user_columns},
};
use crate::{
    RefreshContext, RotateRefresh, StoreError,
    events::{self, AUDIT_AHEAD_EVERY_MS, TOUCH_EVERY_MS},
};

pub(super) async fn context(
    db: &Connection,
    id: RefreshTokenId,
    now: Timestamp,
) -> Verb<Option<RefreshContext>> {
    // The refresh tokens of old grants have an id of their own.
    let sql = concat!(
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
        "WHERE (g.grant_id = :id AND g.refresh_token_id IS NULL) OR g.refresh_token_id = :id"
    );
    let now = now.as_millisecond();
    let params = params! { ":id": id.0, ":now": now, ":due": now.saturating_sub(TOUCH_EVERY_MS) };
    rows::first(db, sql, params, read_context).await
}

fn read_context(row: &Row) -> Verb<RefreshContext> {
    let assigned = GRANT_COLUMNS + USER_COLUMNS;
    let session = assigned + ASSIGNED_COLUMNS;
    Ok(RefreshContext {
        grant: Box::new(grant_rows::grant(row)?),
        user: users::decode(row, GRANT_COLUMNS)?,
        assigned: grant_rows::assigned(row, assigned)?,
        sid: sessions::living_sid(row, session)?,
        session_due: rows::read(row, session + 1)?,
    })
}

/// The row as the verb finds it.
struct Locked {
    key: i64,
    grant: Grant,
    standing: Standing,
}

impl Locked {
    fn decode(row: &Row) -> Verb<Self> {
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

fn judge(command: &RotateRefresh, grant: &Grant, standing: Standing) -> Verdict {
    let RotateRefresh {
        presented, policy, ..
    } = command;
    refresh_token::judge(grant, standing, presented, policy, command.cause.now)
}

/// D6: the verdict on the grant as it was read is written by one statement, if the grant is unchanged and nothing has to be audited.
pub(super) async fn rotate_at_once(
    db: &Connection,
    command: &RotateRefresh,
) -> Verb<Option<Verdict>> {
    let expected = judge(command, &command.grant, Standing::WHOLE);
    let (Write::Rotate(next), Some(before)) = (&expected.write, &command.grant.refresh) else {
        return Ok(None);
    };
    let is_quiet = expected.events.is_empty();
    Ok(
        match is_quiet && write_rotation(db, command, before, next).await? {
            true => Some(expected),
            false => None,
        },
    )
}

/// The same in a transaction: whatever the verdict is, on the row as it is now.
pub(super) async fn rotate(db: &Connection, command: &RotateRefresh) -> Verb<Option<Verdict>> {
    let Some(locked) = lock(db, command).await? else {
        return Ok(None);
    };
    let verdict = judge(command, &locked.grant, locked.standing);
    match &verdict.write {
        Write::Nothing => {}
        Write::Rotate(next) => {
            let before = locked.grant.refresh.as_ref().unwrap_or(next);
            if !write_rotation(db, command, before, next).await? {
                // User, client or session ended since the row was read: no token may be issued.
                return Ok(None);
            }
        }
        Write::Note(noted) => note(db, locked.key, noted).await?,
        Write::Revoke(reason) => revoke(db, locked.key, *reason, command).await?,
    }
    write_audit(db, command, &verdict).await?;
    Ok(Some(verdict))
}

async fn lock(db: &Connection, command: &RotateRefresh) -> Verb<Option<Locked>> {
    // A statement of its own: what the next one reads is as new as the lock.
    let sql = "SELECT grant_key FROM grants WHERE grant_id = :id FOR NO KEY UPDATE";
    let id = params! { ":id": command.grant.id.as_bytes() };
    if rows::value::<i64>(db, sql, id).await?.is_none() {
        return Ok(None);
    }
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
    let params = params! { ":id": command.grant.id.as_bytes(), ":now": now };
    rows::first(db, sql, params, Locked::decode).await
}

async fn write_audit(db: &Connection, command: &RotateRefresh, verdict: &Verdict) -> Verb<()> {
    let is_ahead = verdict.events.contains(&AuditEvent::RefreshAhead);
    let is_audited = is_ahead && is_ahead_audited(db, command).await?;
    for entry in events::refreshed(command, verdict, || Ok::<_, StoreError>(is_audited))? {
        audit::record(db, &command.cause, &entry).await?;
    }
    Ok(())
}

/// Whether the audit has a recent row.
async fn is_ahead_audited(db: &Connection, command: &RotateRefresh) -> Verb<bool> {
    let sql = "SELECT id FROM audit WHERE event = 'refresh_ahead' AND grant_id = :id AND at > :since LIMIT 1";
    let now = command.cause.now.as_millisecond();
    let since = now.saturating_sub(AUDIT_AHEAD_EVERY_MS);
    let params = params! { ":id": command.grant.id.as_bytes(), ":since": since };
    Ok(rows::value::<i64>(db, sql, params).await?.is_some())
}

/// Whether it was written, with the activity of its session. Whatever other verbs may change is a condition; the rest of a grant
/// never changes, or only together with its generation. No column here is in an index, so that the row is updated in its page.
async fn write_rotation(
    db: &Connection,
    command: &RotateRefresh,
    before: &RefreshState,
    next: &RefreshState,
) -> Verb<bool> {
    macro_rules! rotation {
        () => {
            concat!(
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
            )
        };
    }
    let rotated = params! {
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
        ":agent": &next.last_seen.user_agent,
    };
    // A client in use keeps its session alive. Offline access continues without the user, so it proves no activity.
    if !command.session_due || command.grant.is_offline() {
        return Ok(rows::execute(db, rotation!(), rotated).await? == 1);
    }
    let sql = concat!(
        "WITH rotated AS (",
        rotation!(),
        " RETURNING g.session_key),
         kept AS (UPDATE sessions SET last_seen_at = :now, ",
        sessions::idle_end_after!(":idle_end"),
        " WHERE session_key = (SELECT session_key FROM rotated) AND last_seen_at < :now - :every)
         SELECT count(*) FROM rotated"
    );
    let idle_end = sessions::idle_end(command.cause.now, command.session_idle);
    let mut params = rotated.to_vec();
    params.extend_from_slice(params! { ":idle_end": idle_end, ":every": TOUCH_EVERY_MS });
    Ok(rows::value::<i64>(db, sql, &params).await? == Some(1))
}

/// What was observed of a token that was not rotated.
async fn note(db: &Connection, key: i64, noted: &RefreshState) -> Verb<()> {
    let sql = "UPDATE grants SET refresh_late_retry_at = :late, refresh_retries = :retries, refresh_anomaly_at = :anomaly
               WHERE grant_key = :key";
    let time = |at: Option<Timestamp>| at.map(|at| at.as_millisecond());
    let params = params! {
        ":late": time(noted.late_retry_at),
        ":retries": noted.retries,
        ":anomaly": time(noted.anomaly_at),
        ":key": key,
    };
    rows::execute(db, sql, params).await.map(drop)
}

async fn revoke(
    db: &Connection,
    key: i64,
    reason: RevocationReason,
    command: &RotateRefresh,
) -> Verb<()> {
    let sql =
        "UPDATE grants SET revoked_at = :now, revoked_reason = :reason WHERE grant_key = :key";
    let params = params! {
        ":now": command.cause.now.as_millisecond(),
        ":reason": rows::to_word(reason)?,
        ":key": key,
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// Whether there is something to record.
pub(super) async fn is_unseen(db: &Connection, id: GrantId, generation: u32) -> Verb<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM grants
                              WHERE grant_id = :id AND refresh_generation = :generation AND NOT refresh_current_seen)";
    let params = params! { ":id": id.as_bytes(), ":generation": generation };
    Ok(rows::value(db, sql, params).await?.unwrap_or(false))
}

pub(super) async fn note_seen(db: &Connection, id: GrantId, generation: u32) -> Verb<()> {
    let sql = "UPDATE grants SET refresh_current_seen = TRUE
               WHERE grant_id = :id AND refresh_generation = :generation AND NOT refresh_current_seen";
    let params = params! { ":id": id.as_bytes(), ":generation": generation };
    rows::execute(db, sql, params).await.map(drop)
}
