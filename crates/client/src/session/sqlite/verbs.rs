//! The steps. Each runs inside of a transaction that holds the write lock.

use cardea_seal::Digest;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::session::store::{
    KnownLogin, Lease, LeaseAnswer, LogoutNotice, NewSession, NoticeAnswer, StoredSession,
    TakeLogin, TakenLogin,
};

/// The browser and the sealed login; both are gone once it was taken.
type Known = (Option<[u8; 32]>, Option<Vec<u8>>);

/// The most pending logins, and logins that were taken.
const LOGINS: i64 = 10_000;

pub(super) fn begin_login(db: &Connection, state: Digest, login: &KnownLogin) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO logins (state, browser, sealed, ends_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        state.as_bytes(),
        login.browser.as_bytes(),
        login.sealed,
        login.ends_at.as_millisecond()
    ])?;
    drop_oldest_logins(db)
}

/// Strangers cause these rows, so there is a bound.
fn drop_oldest_logins(db: &Connection) -> Result<()> {
    db.prepare_cached("DELETE FROM logins WHERE n <= ?1")?
        .execute([db.last_insert_rowid() - LOGINS])?;
    Ok(())
}

pub(super) fn take_login(db: &Connection, login: TakeLogin, now: Timestamp) -> Result<TakenLogin> {
    let state = login.state.as_bytes();
    let known: Option<Known> = db
        .prepare_cached("SELECT browser, sealed FROM logins WHERE state = ?1 AND ends_at > ?2")?
        .query_row(params![state, now.as_millisecond()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((browser, sealed)) = known else {
        if let Some(ends_at) = login.cookie {
            db.prepare_cached("INSERT OR REPLACE INTO logins (state, ends_at) VALUES (?1, ?2)")?
                .execute(params![state, ends_at.as_millisecond()])?;
            drop_oldest_logins(db)?;
        }
        return Ok(TakenLogin::Unknown);
    };
    let Some(sealed) = sealed else {
        return Ok(TakenLogin::Twice);
    };
    if login.cookie.is_none() && login.browser != browser.map(Digest::from_bytes) {
        return Ok(TakenLogin::Unknown);
    }
    let taken = db
        .prepare_cached(
            "UPDATE logins SET browser = NULL, sealed = NULL \
             WHERE state = ?1 AND sealed IS NOT NULL",
        )?
        .execute([state])?;
    Ok(match taken {
        1 => TakenLogin::Known(sealed),
        _ => TakenLogin::Twice,
    })
}

pub(super) fn open_session(
    db: &Connection,
    new: &NewSession,
    replaces: Option<Digest>,
) -> Result<bool> {
    if let Some(old) = replaces {
        db.prepare_cached("DELETE FROM sessions WHERE id = ?1")?
            .execute([old.as_bytes()])?;
    }
    let opened = db
        .prepare_cached(
            "INSERT INTO sessions (id, sid, sub, sealed, version, seen_at, ends_at) \
             SELECT ?1, ?2, ?3, ?4, 0, ?5, ?6 \
             WHERE NOT EXISTS (SELECT 1 FROM notices WHERE jti = ?2 AND ends_at > ?5)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.sid.as_ref().map(Digest::as_bytes),
            new.sub.as_bytes(),
            new.sealed,
            new.seen_at.as_millisecond(),
            new.ends_at.as_millisecond()
        ])?;
    Ok(opened == 1)
}

pub(super) fn load_session(
    db: &Connection,
    id: Digest,
    now: Timestamp,
) -> Result<Option<StoredSession>> {
    db.prepare_cached(
        "SELECT sealed, version, seen_at FROM sessions WHERE id = ?1 AND ends_at > ?2",
    )?
    .query_row(params![id.as_bytes(), now.as_millisecond()], |row| {
        Ok(StoredSession {
            sealed: row.get(0)?,
            version: row.get(1)?,
            seen_at: timestamp(row.get(2)?)?,
        })
    })
    .optional()
}

fn timestamp(milliseconds: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(2, milliseconds))
}

pub(super) fn touch_session(
    db: &Connection,
    id: Digest,
    seen_at: Timestamp,
    ends_at: Timestamp,
) -> Result<()> {
    db.prepare_cached(
        "UPDATE sessions SET seen_at = ?2, ends_at = ?3 \
         WHERE id = ?1 AND seen_at < ?2 AND ends_at > ?2",
    )?
    .execute(params![
        id.as_bytes(),
        seen_at.as_millisecond(),
        ends_at.as_millisecond()
    ])?;
    Ok(())
}

pub(super) fn lease_refresh(
    db: &Connection,
    id: Digest,
    lease: Lease,
    now: Timestamp,
) -> Result<LeaseAnswer> {
    let now = now.as_millisecond();
    let leased = db
        .prepare_cached(
            "UPDATE sessions SET lease_holder = ?2, lease_until = ?3 \
             WHERE id = ?1 AND version = ?4 AND ends_at > ?5 \
             AND (lease_until IS NULL OR lease_until <= ?5)",
        )?
        .execute(params![
            id.as_bytes(),
            lease.holder.as_bytes(),
            lease.until.as_millisecond(),
            lease.version,
            now
        ])?;
    if leased == 1 {
        return Ok(LeaseAnswer::Yours);
    }
    let version: Option<u32> = db
        .prepare_cached("SELECT version FROM sessions WHERE id = ?1 AND ends_at > ?2")?
        .query_row(params![id.as_bytes(), now], |row| row.get(0))
        .optional()?;
    Ok(match version {
        None => LeaseAnswer::Gone,
        Some(version) if version != lease.version => LeaseAnswer::Newer,
        Some(_) => LeaseAnswer::Theirs,
    })
}

pub(super) fn finish_refresh(
    db: &Connection,
    id: Digest,
    lease: Lease,
    sealed: Option<&[u8]>,
) -> Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE sessions SET sealed = coalesce(?4, sealed), version = version + (?4 IS NOT NULL), \
             lease_holder = NULL, lease_until = NULL \
             WHERE id = ?1 AND lease_holder = ?2 AND version = ?3",
        )?
        .execute(params![
            id.as_bytes(),
            lease.holder.as_bytes(),
            lease.version,
            sealed
        ])?;
    Ok(changed == 1)
}

pub(super) fn end_session(db: &Connection, id: Digest) -> Result<Option<Vec<u8>>> {
    db.prepare_cached("DELETE FROM sessions WHERE id = ?1 RETURNING sealed")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()
}

pub(super) fn end_by_notice(
    db: &Connection,
    notice: &LogoutNotice,
    now: Timestamp,
) -> Result<NoticeAnswer> {
    let first = db
        .prepare_cached(
            "INSERT INTO notices (jti, ends_at) VALUES (?1, ?2) \
             ON CONFLICT (jti) DO UPDATE SET ends_at = excluded.ends_at WHERE ends_at <= ?3",
        )?
        .execute(params![
            notice.jti.as_bytes(),
            notice.remember_until.as_millisecond(),
            now.as_millisecond()
        ])?;
    if first == 0 {
        return Ok(NoticeAnswer::Replayed);
    }
    if let Some(sid) = &notice.sid {
        db.prepare_cached("INSERT OR REPLACE INTO notices (jti, ends_at) VALUES (?1, ?2)")?
            .execute(params![
                sid.as_bytes(),
                notice.remember_until.as_millisecond()
            ])?;
    }
    // As `LogoutNotice::names` says it; a comparison with NULL is never true.
    let ended = db
        .prepare_cached(
            "DELETE FROM sessions WHERE ends_at > ?3 \
             AND (sid = ?1 OR (sub = ?2 AND (?1 IS NULL OR sid IS NULL)))",
        )?
        .execute(params![
            notice.sid.as_ref().map(Digest::as_bytes),
            notice.sub.as_ref().map(Digest::as_bytes),
            now.as_millisecond()
        ])?;
    Ok(NoticeAnswer::Ended(ended))
}

pub(super) fn sweep(db: &Connection, now: Timestamp, limit: usize) -> Result<usize> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut swept = 0;
    for sql in [
        "DELETE FROM sessions WHERE id IN \
         (SELECT id FROM sessions WHERE ends_at <= ?1 ORDER BY ends_at LIMIT ?2)",
        "DELETE FROM logins WHERE n IN \
         (SELECT n FROM logins WHERE ends_at <= ?1 ORDER BY ends_at LIMIT ?2)",
        "DELETE FROM notices WHERE jti IN \
         (SELECT jti FROM notices WHERE ends_at <= ?1 ORDER BY ends_at LIMIT ?2)",
    ] {
        swept += db
            .prepare_cached(sql)?
            .execute(params![now.as_millisecond(), limit])?;
    }
    Ok(swept)
}
