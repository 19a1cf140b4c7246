//! Sessions of browsers.

use async_trait::async_trait;
use cardea_protocol::model::{AuthenticationContext, Cause, Session, SessionId, Sid, Subject};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;

use super::{
    PostgresStore, accounts, audit,
    connection::{Connection, read, statement, transaction},
    factors,
    fault::Verb,
    links,
    rows::{self, Fields},
    session_rows,
    statement::params,
    upstreams,
    users::{self, may_log_in},
};
use crate::{
    EndSessions, OpenSession, Page, Result, Rows, SessionPosition, Sessions, StepUpSession,
    events::{self, Previous, TOUCH_EVERY_MS},
};

/// Whether the session `s` is alive at `:now`, as [`Session::is_alive`] has it.
macro_rules! session_alive {
    () => {
        "(s.ended_at IS NULL AND s.idle_expires_at > :now AND s.expires_at > :now)"
    };
}
pub(super) use session_alive;

/// The assignment of the idle end of a session that is used. A remembered one has none of its own.
macro_rules! idle_end_after {
    ($idle:literal) => {
        concat!(
            "idle_expires_at = CASE WHEN remembered THEN idle_expires_at ELSE ",
            $idle,
            " END"
        )
    };
}
pub(super) use idle_end_after;

/// The column of [`living_sid`], from `sessions s` at `:now`.
macro_rules! living_sid_column {
    () => {
        concat!(
            "CASE WHEN ",
            crate::postgres::sessions::session_alive!(),
            " THEN s.sid END AS sid"
        )
    };
}
pub(super) use living_sid_column;

macro_rules! columns {
    () => {
        "s.sid, s.cookie_hash, u.subject, s.auth_time, s.acr, s.amr, s.created_at, s.last_seen_at, s.idle_expires_at,
         s.expires_at, s.remembered, s.address, s.user_agent, s.ended_at, s.end_reason, s.session_key"
    };
}

macro_rules! select {
    ($($rest:tt)*) => {
        concat!("SELECT ", columns!(), " FROM sessions s JOIN users u ON u.user_key = s.user_key WHERE ", $($rest)*)
    };
}

pub(super) use super::session_ends::{Living, end, end_before_removal, end_which, living};

#[async_trait]
impl Sessions for PostgresStore {
    async fn session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>> {
        read!(self, db => find(&db, id, now))
    }

    async fn open_session(&self, command: OpenSession) -> Result<Option<Sid>> {
        transaction!(self, db => open(&db, &command))
    }

    async fn step_up_session(&self, command: StepUpSession) -> Result<bool> {
        transaction!(self, db => factors::step_up(&db, &command))
    }

    async fn touch_session(
        &self,
        id: SessionId,
        now: Timestamp,
        idle: SignedDuration,
    ) -> Result<()> {
        // One statement, which writes only when it is time: most visits write nothing.
        statement!(self, db => touch(&db, id, now, idle))
    }

    async fn end_sessions(&self, command: EndSessions) -> Result<u64> {
        transaction!(self, db => end_which(&db, &command))
    }

    async fn sessions_of(
        &self,
        subject: &Subject,
        page: Page<SessionPosition>,
        now: Timestamp,
    ) -> Result<Rows<Session, SessionPosition>> {
        read!(self, db => of(&db, subject, &page, now))
    }

    async fn sessions(
        &self,
        page: Page<SessionPosition>,
        now: Timestamp,
    ) -> Result<Rows<Session, SessionPosition>> {
        read!(self, db => all(&db, &page, now))
    }
}

async fn find(db: &Connection, id: SessionId, now: Timestamp) -> Verb<Option<Session>> {
    let sql = select!(
        "s.cookie_hash = :id AND ",
        may_log_in!(),
        " AND ",
        session_alive!()
    );
    let params = params! { ":id": id.0.as_bytes(), ":now": now.as_millisecond() };
    rows::first(db, sql, params, |row| Ok(decode(row)?)).await
}

async fn of(
    db: &Connection,
    subject: &Subject,
    page: &Page<SessionPosition>,
    now: Timestamp,
) -> Verb<Rows<Session, SessionPosition>> {
    let sql = select!(
        "u.subject = :subject AND s.session_key < :after AND ",
        session_alive!(),
        " ORDER BY s.session_key DESC LIMIT :limit"
    );
    let (limit, read) = rows::limits(page);
    let params = params! {
        ":subject": subject.as_str(),
        ":now": now.as_millisecond(),
        ":after": page.after.as_ref().map_or(i64::MAX, |position| position.0),
        ":limit": read,
    };
    let found = rows::all(db, sql, params, positioned).await?;
    Ok(rows::page(found, limit))
}

async fn all(
    db: &Connection,
    page: &Page<SessionPosition>,
    now: Timestamp,
) -> Verb<Rows<Session, SessionPosition>> {
    let sql = select!(
        "s.session_key < :after AND ",
        session_alive!(),
        " ORDER BY s.session_key DESC LIMIT :limit"
    );
    let (limit, read) = rows::limits(page);
    let params = params! {
        ":now": now.as_millisecond(),
        ":after": page.after.as_ref().map_or(i64::MAX, |position| position.0),
        ":limit": read,
    };
    let found = rows::all(db, sql, params, positioned).await?;
    Ok(rows::page(found, limit))
}

fn positioned(row: &Row) -> Verb<(SessionPosition, Session)> {
    let mut f = Fields::new(row, "sessions", 0);
    let session = fields(&mut f)?;
    Ok((SessionPosition(f.get("session_key")?), session))
}

fn decode(row: &Row) -> Result<Session> {
    fields(&mut Fields::new(row, "sessions", 0))
}

fn fields(f: &mut Fields<'_>) -> Result<Session> {
    Ok(Session {
        sid: f.parse("sid", Sid::parse)?,
        id: SessionId(f.digest("cookie_hash")?),
        subject: f.parse("subject", Subject::parse)?,
        context: context(f)?,
        created_at: f.time("created_at")?,
        last_seen_at: f.time("last_seen_at")?,
        idle_expires_at: f.time("idle_expires_at")?,
        expires_at: f.time("expires_at")?,
        remembered: f.get("remembered")?,
        address: f.parse_opt("address", str::parse)?,
        user_agent: f.get("user_agent")?,
        ended: match (f.time_opt("ended_at")?, f.word_opt("end_reason")?) {
            (None, None) => None,
            (Some(at), Some(reason)) => Some((at, reason)),
            _ => return Err(f.corrupt("end_reason", "time and reason of an end belong together")),
        },
    })
}

/// Decodes `living_sid_column!`.
pub(super) fn living_sid(row: &Row, at: usize) -> Result<Option<Sid>> {
    Fields::new(row, "sessions", at).parse_opt("sid", Sid::parse)
}

/// The three columns `auth_time, acr, amr`.
pub(super) fn context(f: &mut Fields<'_>) -> Result<AuthenticationContext> {
    Ok(AuthenticationContext {
        auth_time: f.time("auth_time")?,
        acr: f.get("acr")?,
        amr: f.json("amr")?,
    })
}

async fn open(db: &Connection, command: &OpenSession) -> Verb<Option<Sid>> {
    let OpenSession {
        session,
        previous,
        upstream,
        notice,
        cause,
        ..
    } = command;
    let Some(user) = users::lock(db, &session.subject).await? else {
        return Ok(None);
    };
    if !may_open(db, command, user).await? {
        return Ok(None);
    }
    let kept = match previous {
        Some(id) => take_over(db, *id, session, cause).await?,
        None => None,
    };
    if kept.is_none() {
        session_rows::insert(db, user, session).await?;
    }
    if let Some(login) = upstream {
        upstreams::note_session(db, session.id, login).await?;
    }
    // The statement sees the row as it was: whether it is the first login is told by what it was.
    let sql = "UPDATE users u SET failed_logins = 0, last_failure_at = NULL, awaits_first_login = FALSE
               FROM (SELECT user_key, awaits_first_login AS first FROM users WHERE user_key = :user) before
               WHERE u.user_key = before.user_key AND (u.failed_logins > 0 OR u.awaits_first_login)
               RETURNING before.first";
    let first: Option<bool> = rows::value(db, sql, params! { ":user": user }).await?;
    if first != Some(true) {
        links::put_notice(db, &session.subject, notice.as_ref(), cause).await?;
    }
    accounts::keep(db, user, &session.subject, cause).await?;
    audit::record(db, cause, &events::login(session)).await?;
    Ok(Some(kept.unwrap_or_else(|| session.sid.clone())))
}

/// Whether what was proved still counts.
async fn may_open(db: &Connection, command: &OpenSession, user: i64) -> Verb<bool> {
    let sql = concat!(
        "SELECT EXISTS (SELECT 1 FROM users u WHERE u.user_key = :user
           AND (:set_at IS NULL OR (NOT u.must_change_password AND EXISTS (SELECT 1 FROM credentials c
                WHERE c.user_key = u.user_key AND c.kind = 'password' AND c.created_at = :set_at)))
           AND (:link IS NULL OR EXISTS (SELECT 1 FROM credentials c
                WHERE c.user_key = u.user_key AND c.kind = 'upstream' AND c.id = :link))
           AND (:passkey IS NULL OR EXISTS (SELECT 1 FROM credentials c
                WHERE c.user_key = u.user_key AND c.kind = 'passkey' AND c.id = :passkey))
           AND ",
        may_log_in!(),
        ")"
    );
    let params = params! {
        ":user": user,
        ":set_at": command.password_set_at.map(Timestamp::as_millisecond),
        ":link": command.upstream.as_ref().map(|login| login.link.as_str()),
        ":passkey": command.passkey.as_ref().map(|id| id.as_str()),
        ":now": command.cause.now.as_millisecond(),
    };
    Ok(rows::value(db, sql, params).await?.unwrap_or(false))
}

/// The `sid` of the browser's session, if it is kept.
async fn take_over(
    db: &Connection,
    previous: SessionId,
    session: &Session,
    cause: &Cause,
) -> Verb<Option<Sid>> {
    let sql = concat!(
        "SELECT s.session_key, u.subject, s.sid, ",
        session_alive!(),
        " AS alive FROM sessions s JOIN users u ON u.user_key = s.user_key
          WHERE s.cookie_hash = :id AND s.ended_at IS NULL FOR UPDATE OF s"
    );
    let params = params! { ":id": previous.0.as_bytes(), ":now": cause.now.as_millisecond() };
    let before = rows::first(db, sql, params, |row| {
        let before = living(row)?;
        let mut f = Fields::new(row, "sessions", 2);
        let sid = f.parse("sid", Sid::parse)?;
        Ok((before, sid, f.get::<bool>("alive")?))
    });
    let Some((before, sid, alive)) = before.await? else {
        return Ok(None);
    };
    match events::previous_session(session, &before.subject, alive) {
        Previous::Kept => {
            session_rows::replace(db, before.key, session).await?;
            Ok(Some(sid))
        }
        Previous::Ends(why) => {
            end(db, &before, why, cause).await?;
            Ok(None)
        }
    }
}

async fn touch(db: &Connection, id: SessionId, now: Timestamp, idle: SignedDuration) -> Verb<()> {
    let sql = concat!(
        "UPDATE sessions AS s SET last_seen_at = :now, ",
        idle_end_after!(":idle"),
        "
         WHERE s.cookie_hash = :id AND s.last_seen_at < :now - :every AND ",
        session_alive!()
    );
    let params = params! {
        ":id": id.0.as_bytes(),
        ":now": now.as_millisecond(),
        ":idle": idle_end(now, idle),
        ":every": TOUCH_EVERY_MS,
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// The idle end of a session that was seen `now`.
pub(super) fn idle_end(now: Timestamp, idle: SignedDuration) -> i64 {
    now.saturating_add(idle)
        .unwrap_or(Timestamp::MAX)
        .as_millisecond()
}
