//! Users who are added under a condition: by a sign-up, or by the configuration file.

use rusqlite::Connection;

use super::{fault::Verb, login_email, rows, users};
use crate::{AddUser, Constraint, Seeded, SignUp, StoreError};

pub(super) fn sign_up(tx: &Connection, command: &SignUp) -> Verb<()> {
    let user = &command.add.user;
    let sql =
        "INSERT INTO used_sign_ups (subject, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING";
    let params = (user.subject.as_str(), command.expires_at.as_millisecond());
    if rows::execute(tx, sql, params)? == 0 {
        return Err(StoreError::conflict(Constraint::Subject).into());
    }
    let address = user.email.as_deref().unwrap_or_default();
    if login_email::is_taken(tx, address, &user.subject)? {
        return Err(StoreError::conflict(Constraint::Email).into());
    }
    users::add(tx, &command.add)
}

/// D19: a seed is applied once, and never re-created, re-enabled or overwritten.
pub(super) fn seed(tx: &Connection, command: &AddUser) -> Verb<Seeded> {
    let key = command.user.username.key();
    if rows::execute(
        tx,
        "INSERT INTO seeds (username_key) VALUES (?) ON CONFLICT DO NOTHING",
        [&key],
    )? == 0
    {
        return Ok(Seeded::Known);
    }
    let there: Option<i64> = rows::value(tx, "SELECT 1 FROM users WHERE username_key = ?", [&key])?;
    if there.is_some() {
        return Ok(Seeded::Known);
    }
    users::add(tx, command)?;
    Ok(Seeded::Added)
}
