//! Sessions of browsers.

use async_trait::async_trait;
use cardea_protocol::model::{
    AuthenticationContext, Cause, Session, SessionEnd, SessionId, Sid, Subject,
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore, accounts, audit, factors,
    fault::Verb,
    links, outbox, revocation,
    rows::{self, Fields},
    session_rows, upstreams,
    users::{self, may_log_in},
};
use crate::{
    Applications, EndSessions, EndWhich, OpenSession, Page, Result, Rows, SessionPosition,
    Sessions, StepUpSession,
    events::{self, KEEP_MS, Previous, TOUCH_EVERY_MS},
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
            crate::sqlite::sessions::session_alive!(),
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

#[async_trait]
impl Sessions for SqliteStore {
    async fn session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>> {
        let sql = select!(
            "s.cookie_hash = :id AND ",
            may_log_in!(),
            " AND ",
            session_alive!()
        );
        let params = named_params! { ":id": id.0.as_bytes(), ":now": now.as_millisecond() };
        self.read(|db| rows::first(db, sql, params, |row| Ok(decode(row)?)))
    }

    async fn open_session(&self, command: OpenSession) -> Result<Option<Sid>> {
        self.write(move |tx| open(tx, &command)).await
    }

    async fn step_up_session(&self, command: StepUpSession) -> Result<bool> {
        self.write(move |tx| factors::step_up(tx, &command)).await
    }

    async fn touch_session(
        &self,
        id: SessionId,
        now: Timestamp,
        idle: SignedDuration,
    ) -> Result<()> {
        // Read first: most visits write nothing, and a visit must not cost a commit.
        let sql = "SELECT 1 FROM sessions WHERE cookie_hash = ?1 AND last_seen_at < ?2 - ?3";
        let params = (id.0.as_bytes(), now.as_millisecond(), TOUCH_EVERY_MS);
        let due: Option<i64> = self.read(|db| rows::value(db, sql, params))?;
        if due.is_none() {
            return Ok(());
        }
        self.write(move |tx| touch(tx, id, now, idle)).await
    }

    async fn end_sessions(&self, command: EndSessions) -> Result<u64> {
        self.write(move |tx| end_which(tx, &command)).await
    }

    async fn sessions_of(
        &self,
        subject: &Subject,
        page: Page<SessionPosition>,
        now: Timestamp,
    ) -> Result<Rows<Session, SessionPosition>> {
        let sql = select!(
            "u.subject = :subject AND s.session_key < :after AND ",
            session_alive!(),
            " ORDER BY s.session_key DESC LIMIT :limit"
        );
        let (limit, read) = rows::limits(&page);
        let params = named_params! {
            ":subject": subject.as_str(),
            ":now": now.as_millisecond(),
            ":after": page.after.map_or(i64::MAX, |position| position.0),
            ":limit": read,
        };
        let found = self.read(|db| rows::all(db, sql, params, positioned))?;
        Ok(rows::page(found, limit))
    }

    async fn sessions(
        &self,
        page: Page<SessionPosition>,
        now: Timestamp,
    ) -> Result<Rows<Session, SessionPosition>> {
        let sql = select!(
            "s.session_key < :after AND ",
            session_alive!(),
            " ORDER BY s.session_key DESC LIMIT :limit"
        );
        let (limit, read) = rows::limits(&page);
        let params = named_params! {
            ":now": now.as_millisecond(),
            ":after": page.after.map_or(i64::MAX, |position| position.0),
            ":limit": read,
        };
        let found = self.read(|db| rows::all(db, sql, params, positioned))?;
        Ok(rows::page(found, limit))
    }
}

fn positioned(row: &Row<'_>) -> Verb<(SessionPosition, Session)> {
    let position = SessionPosition(row.get("session_key")?);
    Ok((position, decode(row)?))
}

fn decode(row: &Row<'_>) -> Result<Session> {
    let mut f = Fields::new(row, "sessions", 0);
    Ok(Session {
        sid: f.parse("sid", Sid::parse)?,
        id: SessionId(f.digest("cookie_hash")?),
        subject: f.parse("subject", Subject::parse)?,
        context: context(&mut f)?,
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
pub(super) fn living_sid(row: &Row<'_>, at: usize) -> Result<Option<Sid>> {
    Fields::new(row, "sessions", at).parse_opt("sid", Sid::parse)
}

/// The three columns `auth_time, acr, amr`.
pub(super) fn context(f: &mut Fields<'_, '_>) -> Result<AuthenticationContext> {
    Ok(AuthenticationContext {
        auth_time: f.time("auth_time")?,
        acr: f.get("acr")?,
        amr: f.json("amr")?,
    })
}

fn open(tx: &Connection, command: &OpenSession) -> Verb<Option<Sid>> {
    let OpenSession {
        session,
        previous,
        password_set_at,
        upstream,
        passkey,
        notice,
        cause,
    } = command;
    let sql = concat!(
        "SELECT u.user_key FROM users u WHERE u.subject = :subject
           AND (:set_at IS NULL OR (u.must_change_password = 0 AND EXISTS (SELECT 1 FROM credentials c
                WHERE c.user_key = u.user_key AND c.kind = 'password' AND c.created_at = :set_at)))
           AND (:link IS NULL OR EXISTS (SELECT 1 FROM credentials c
                WHERE c.user_key = u.user_key AND c.kind = 'upstream' AND c.id = :link))
           AND (:passkey IS NULL OR EXISTS (SELECT 1 FROM credentials c
                WHERE c.user_key = u.user_key AND c.kind = 'passkey' AND c.id = :passkey))
           AND ",
        may_log_in!()
    );
    let params = named_params! {
        ":subject": session.subject.as_str(),
        ":set_at": password_set_at.map(Timestamp::as_millisecond),
        ":link": upstream.as_ref().map(|login| login.link.as_str()),
        ":passkey": passkey.as_ref().map(|id| id.as_str()),
        ":now": cause.now.as_millisecond(),
    };
    let Some(user) = rows::value::<i64>(tx, sql, params)? else {
        return Ok(None);
    };
    let kept = match previous {
        Some(id) => take_over(tx, *id, session, cause)?,
        None => None,
    };
    if kept.is_none() {
        session_rows::insert(tx, user, session)?;
    }
    if let Some(login) = upstream {
        upstreams::note_session(tx, session.id, login)?;
    }
    let sql = "UPDATE users SET failed_logins = 0, last_failure_at = NULL
               WHERE user_key = ? AND failed_logins > 0";
    rows::execute(tx, sql, [user])?;
    let sql =
        "UPDATE users SET awaits_first_login = 0 WHERE user_key = ? AND awaits_first_login = 1";
    if rows::execute(tx, sql, [user])? == 0 {
        links::put_notice(tx, &session.subject, notice.as_ref(), cause)?;
    }
    accounts::keep(tx, user, &session.subject, cause)?;
    audit::record(tx, cause, &events::login(session))?;
    Ok(Some(kept.unwrap_or_else(|| session.sid.clone())))
}

/// The `sid` of the browser's session, if it is kept.
fn take_over(
    tx: &Connection,
    previous: SessionId,
    session: &Session,
    cause: &Cause,
) -> Verb<Option<Sid>> {
    let sql = concat!(
        "SELECT s.session_key, u.subject, ",
        session_alive!(),
        ", s.sid FROM sessions s JOIN users u ON u.user_key = s.user_key WHERE s.cookie_hash = :id AND s.ended_at IS NULL"
    );
    let params = named_params! { ":id": previous.0.as_bytes(), ":now": cause.now.as_millisecond() };
    let before = rows::first(tx, sql, params, |row| {
        let sid = Fields::new(row, "sessions", 3).parse("sid", Sid::parse)?;
        Ok((living(row)?, row.get::<_, bool>(2)?, sid))
    })?;
    let Some((before, alive, sid)) = before else {
        return Ok(None);
    };
    match events::previous_session(session, &before.subject, alive) {
        Previous::Kept => session_rows::replace(tx, before.key, session).map(|()| Some(sid)),
        Previous::Ends(why) => end(tx, &before, why, cause).map(|()| None),
    }
}

fn touch(tx: &Connection, id: SessionId, now: Timestamp, idle: SignedDuration) -> Verb<()> {
    let sql = concat!(
        "UPDATE sessions AS s SET last_seen_at = :now, ",
        idle_end_after!(":idle"),
        "
         WHERE s.cookie_hash = :id AND s.last_seen_at < :now - :every AND ",
        session_alive!()
    );
    let params = named_params! {
        ":id": id.0.as_bytes(),
        ":now": now.as_millisecond(),
        ":idle": idle_end(now, idle),
        ":every": TOUCH_EVERY_MS,
    };
    rows::execute(tx, sql, params).map(drop)
}

/// The idle end of a session that was seen `now`.
pub(super) fn idle_end(now: Timestamp, idle: SignedDuration) -> i64 {
    now.saturating_add(idle)
        .unwrap_or(Timestamp::MAX)
        .as_millisecond()
}

/// A session to end.
pub(super) struct Living {
    pub(super) key: i64,
    pub(super) subject: Subject,
}

/// Decodes `session_key, subject`.
pub(super) fn living(row: &Row<'_>) -> Result<Living> {
    let mut f = Fields::new(row, "sessions", 0);
    Ok(Living {
        key: f.get("session_key")?,
        subject: f.parse("subject", Subject::parse)?,
    })
}

pub(super) fn end_which(tx: &Connection, command: &EndSessions) -> Verb<u64> {
    macro_rules! which {
        ($condition:literal) => {
            concat!(
                "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key WHERE ",
                $condition,
                " AND ",
                session_alive!()
            )
        };
    }
    let now = command.cause.now.as_millisecond();
    let read = |row: &Row<'_>| Ok(living(row)?);
    let sessions = match &command.which {
        EndWhich::Id(id) => {
            let params = named_params! { ":id": id.0.as_bytes(), ":now": now };
            rows::all(tx, which!("s.cookie_hash = :id"), params, read)?
        }
        EndWhich::Sid(sid, Some(subject)) => {
            let params =
                named_params! { ":sid": sid.as_str(), ":subject": subject.as_str(), ":now": now };
            let sql = which!("u.subject = :subject AND s.sid = :sid");
            rows::all(tx, sql, params, read)?
        }
        // Only for operators: all sessions are read.
        EndWhich::Sid(sid, None) => {
            let params = named_params! { ":sid": sid.as_str(), ":now": now };
            rows::all(tx, which!("s.sid = :sid"), params, read)?
        }
        EndWhich::Subject(subject) => {
            let params = named_params! { ":subject": subject.as_str(), ":now": now };
            rows::all(tx, which!("u.subject = :subject"), params, read)?
        }
        EndWhich::OthersOf(subject, id) => {
            let params = named_params! {
                ":subject": subject.as_str(),
                ":id": id.0.as_bytes(),
                ":now": now,
            };
            let sql = which!("u.subject = :subject AND s.cookie_hash <> :id");
            rows::all(tx, sql, params, read)?
        }
    };
    for session in &sessions {
        end(tx, session, command.why, &command.cause)?;
        if command.applications == Applications::Revoke {
            revocation::offline_of_session(tx, session, &command.cause)?;
        }
    }
    if let EndWhich::Subject(subject) | EndWhich::OthersOf(subject, _) = &command.which {
        links::forget_new_address(tx, subject)?;
    }
    if let Some(subject) = events::revokes_all_of(command) {
        users::forget_devices(tx, subject, &command.cause)?;
        revocation::all_of_user(tx, subject, &command.cause)?;
    }
    Ok(sessions.len() as u64)
}

/// Ends all sessions of a user who is removed, also expired ones that the clean-up has not ended yet.
pub(super) fn end_before_removal(tx: &Connection, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql =
        "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key
               WHERE u.subject = ? AND s.ended_at IS NULL";
    for session in rows::all(tx, sql, [subject.as_str()], |row| Ok(living(row)?))? {
        end(tx, &session, events::USER_REMOVED, cause)?;
    }
    Ok(())
}

/// Ends a session with its grants without `offline_access`, and notifies its clients. Its codes are not found any more.
pub(super) fn end(tx: &Connection, session: &Living, why: SessionEnd, cause: &Cause) -> Verb<()> {
    let now = cause.now.as_millisecond();
    let word = rows::to_word(why)?;
    let sql = "UPDATE sessions SET ended_at = ?1, end_reason = ?2, keep_until = ?1 + ?3 WHERE session_key = ?4";
    rows::execute(tx, sql, (now, &word, KEEP_MS, session.key))?;
    outbox::write_logout_tokens(tx, session.key, cause)?;
    let grants = revocation::with_session(tx, session.key, cause.now)?;
    let entry = events::session_ended(&session.subject, why, grants);
    audit::record(tx, cause, &entry)
}
