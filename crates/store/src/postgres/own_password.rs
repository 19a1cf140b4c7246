//! The password that a user changes, in a session or on the way to one.

use cardea_protocol::model::{Cause, SessionEnd, SessionId, Subject};
use jiff::Timestamp;

use super::{
    audit,
    connection::Connection,
    fault::Verb,
    links, passwords, rows,
    sessions::{self, session_alive},
    statement::params,
    users,
};
use crate::{
    Applications, ChangeOwnPassword, ChangePasswordAtLogin, EndSessions, EndWhich, Notice, events,
};

/// Of two changes with the same proof one is written: the user is locked, and the proof is compared then.
pub(super) async fn change(db: &Connection, command: &ChangeOwnPassword) -> Verb<bool> {
    let ChangeOwnPassword {
        subject,
        session,
        proved_set_at,
        hash,
        notice,
        cause,
    } = command;
    let now = cause.now;
    let Some((key, user)) = users::find_locked(db, subject).await? else {
        return Ok(false);
    };
    if !user.may_log_in(now) || !is_own_session(db, key, *session, now).await? {
        return Ok(false);
    }
    let written = match proved_set_at {
        Some(proved) => passwords::replace(db, key, *proved, hash, now)
            .await?
            .is_some(),
        None => passwords::add(db, key, hash, now).await?,
    };
    if !written {
        return Ok(false);
    }
    let others = EndWhich::OthersOf(subject.clone(), *session);
    lock_out(db, (subject, others), notice.as_ref(), cause).await?;
    Ok(true)
}

/// The same before there is a session.
pub(super) async fn change_at_login(
    db: &Connection,
    command: &ChangePasswordAtLogin,
) -> Verb<Option<Timestamp>> {
    let ChangePasswordAtLogin {
        subject,
        proved_set_at,
        hash,
        notice,
        cause,
    } = command;
    let now = cause.now;
    let Some((key, user)) = users::find_locked(db, subject).await? else {
        return Ok(None);
    };
    if !user.account.must_change_password || !user.may_log_in(now) {
        return Ok(None);
    }
    let written = passwords::replace(db, key, *proved_set_at, hash, now).await?;
    if written.is_some() {
        let all = EndWhich::Subject(subject.clone());
        lock_out(db, (subject, all), notice.as_ref(), cause).await?;
    }
    Ok(written)
}

/// After a new password: nothing that the one before led to is left, but for the sessions that are kept.
async fn lock_out(
    db: &Connection,
    (subject, which): (&Subject, EndWhich),
    notice: Option<&Notice>,
    cause: &Cause,
) -> Verb<()> {
    users::begin_anew(db, subject).await?;
    audit::record(db, cause, &events::password_changed(subject)).await?;
    links::put_notice(db, subject, notice, cause).await?;
    let sessions = EndSessions {
        which,
        why: SessionEnd::Remote,
        applications: Applications::Revoke,
        cause: cause.clone(),
    };
    sessions::end_which(db, &sessions).await.map(drop)
}

/// Whether a session of the user with this cookie is alive.
async fn is_own_session(
    db: &Connection,
    user: i64,
    session: SessionId,
    now: Timestamp,
) -> Verb<bool> {
    let sql = concat!(
        "SELECT EXISTS (SELECT 1 FROM sessions s WHERE s.cookie_hash = :session AND s.user_key = :user AND ",
        session_alive!(),
        ")"
    );
    let params = params! {
        ":session": session.0.as_bytes(),
        ":user": user,
        ":now": now.as_millisecond(),
    };
    Ok(rows::value(db, sql, params).await?.unwrap_or(false))
}
