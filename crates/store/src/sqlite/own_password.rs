//! The password that a user changes, in a session or on the way to one.

use cardea_protocol::model::{Cause, SessionEnd, Subject};
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    audit,
    fault::Verb,
    links,
    rows::{self, Fields},
    sessions::{self, session_alive},
    users::{self, may_log_in},
};
use crate::{
    Applications, ChangeOwnPassword, ChangePasswordAtLogin, EndSessions, EndWhich, Notice, events,
};

/// The user `u` of whom a session of this cookie is alive.
macro_rules! in_own_session {
    () => {
        concat!(
            "u.subject = :subject AND ",
            may_log_in!(),
            " AND EXISTS (SELECT 1 FROM sessions s
                          WHERE s.cookie_hash = :session AND s.user_key = u.user_key AND ",
            session_alive!(),
            ")"
        )
    };
}

pub(super) fn change(tx: &Connection, command: &ChangeOwnPassword) -> Verb<bool> {
    let ChangeOwnPassword {
        subject,
        session,
        notice,
        cause,
        ..
    } = command;
    if write(tx, command)? == 0 {
        return Ok(false);
    }
    let others = EndWhich::OthersOf(subject.clone(), *session);
    lock_out(tx, (subject, others), notice.as_ref(), cause)?;
    Ok(true)
}

/// Conditional: of two changes with the same proof one is written. The time tells passwords apart, so it always rises.
pub(super) fn change_at_login(
    tx: &Connection,
    command: &ChangePasswordAtLogin,
) -> Verb<Option<Timestamp>> {
    let ChangePasswordAtLogin {
        subject,
        proved_set_at,
        hash,
        notice,
        cause,
    } = command;
    let sql = concat!(
        "UPDATE credentials SET secret = :hash, created_at = max(:now, created_at + 1)
         WHERE kind = 'password' AND created_at = :proved
           AND user_key = (SELECT u.user_key FROM users u
                           WHERE u.subject = :subject AND u.must_change_password = 1 AND ",
        may_log_in!(),
        ") RETURNING created_at"
    );
    let params = named_params! {
        ":subject": subject.as_str(),
        ":proved": proved_set_at.as_millisecond(),
        ":hash": hash.expose(),
        ":now": cause.now.as_millisecond(),
    };
    let written = rows::first(tx, sql, params, |row| {
        Ok(Fields::new(row, "credentials", 0).time("created_at")?)
    })?;
    if written.is_some() {
        let all = EndWhich::Subject(subject.clone());
        lock_out(tx, (subject, all), notice.as_ref(), cause)?;
    }
    Ok(written)
}

/// After a new password: nothing that the one before led to is left, but for the sessions that are kept.
fn lock_out(
    tx: &Connection,
    (subject, which): (&Subject, EndWhich),
    notice: Option<&Notice>,
    cause: &Cause,
) -> Verb<()> {
    users::begin_anew(tx, subject)?;
    audit::record(tx, cause, &events::password_changed(subject))?;
    links::put_notice(tx, subject, notice, cause)?;
    let sessions = EndSessions {
        which,
        why: SessionEnd::Remote,
        applications: Applications::Revoke,
        cause: cause.clone(),
    };
    sessions::end_which(tx, &sessions).map(drop)
}

/// Conditional: of two changes with the same proof one is written.
fn write(tx: &Connection, command: &ChangeOwnPassword) -> Verb<u64> {
    // The time tells passwords apart, so it always rises.
    let replace = concat!(
        "UPDATE credentials SET secret = :hash, created_at = max(:now, created_at + 1)
         WHERE kind = 'password' AND created_at = :proved
           AND user_key = (SELECT u.user_key FROM users u WHERE ",
        in_own_session!(),
        ")"
    );
    let first = concat!(
        "INSERT INTO credentials (user_key, kind, id, secret, created_at)
         SELECT u.user_key, 'password', '', :hash, :now FROM users u
         WHERE :proved IS NULL AND NOT ",
        users::has_password!(),
        " AND ",
        in_own_session!()
    );
    let sql = match command.proved_set_at {
        Some(_) => replace,
        None => first,
    };
    let params = named_params! {
        ":subject": command.subject.as_str(),
        ":session": command.session.0.as_bytes(),
        ":proved": command.proved_set_at.map(Timestamp::as_millisecond),
        ":hash": command.hash.expose(),
        ":now": command.cause.now.as_millisecond(),
    };
    rows::execute(tx, sql, params)
}
