//! Users who are added, also under a condition: by a sign-up, or by the configuration file.

use cardea_protocol::model::{Cause, User};
use cardea_seal::Secret;

use super::{
    audit,
    connection::Connection,
    fault::{Verb, conflict},
    login_email,
    passwords::{self, Counts},
    rows,
    statement::params,
    usernames::{self, Added},
};
use crate::{AddUser, Constraint, Seeded, SignUp, events};

/// Adds a user, or says what contradicts that; then nothing was written, and the transaction can go on.
pub(super) async fn try_add(db: &Connection, command: &AddUser) -> Verb<Result<Added, Constraint>> {
    let AddUser {
        user,
        password_hash,
        cause,
    } = command;
    usernames::lock_looks(db, &[user]).await?;
    let mut counts = Counts::default();
    let added = add_row(db, user, password_hash.as_ref(), cause, &mut counts).await?;
    counts.write(db).await?;
    Ok(added)
}

/// The same of one of several users: what the names look like is locked already, and the passwords are counted at the end.
pub(super) async fn add_row(
    db: &Connection,
    user: &User,
    password_hash: Option<&Secret<String>>,
    cause: &Cause,
    counts: &mut Counts,
) -> Verb<Result<Added, Constraint>> {
    let address = login_email::key(user.email.as_deref(), user.email_verified);
    let added = match usernames::try_insert(db, user, address.as_deref()).await? {
        Ok(added) => added,
        Err(constraint) => return Ok(Err(constraint)),
    };
    if let Some(hash) = password_hash {
        passwords::insert(db, added.key, hash, cause.now).await?;
        counts.add(added.key, hash);
    }
    audit::record(db, cause, &events::user_added(user)).await?;
    Ok(Ok(added))
}

/// Adds a user who has confirmed the address: one with which another user logs in is a conflict.
pub(super) async fn add_with_address(db: &Connection, command: &AddUser) -> Verb<()> {
    let added = try_add(db, command).await?.map_err(conflict)?;
    let address = login_email::key(command.user.email.as_deref(), true);
    // Judged by the row: of two who have it confirmed at once one has got it.
    match address.is_some() && !added.has_address {
        true => Err(conflict(Constraint::Email)),
        false => Ok(()),
    }
}

pub(super) async fn sign_up(db: &Connection, command: &SignUp) -> Verb<()> {
    let user = &command.add.user;
    let sql = "INSERT INTO used_sign_ups (subject, expires_at) VALUES (:subject, :expires) ON CONFLICT DO NOTHING";
    let params = params! {
        ":subject": user.subject.as_str(),
        ":expires": command.expires_at.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Err(conflict(Constraint::Subject));
    }
    add_with_address(db, &command.add).await
}

/// D19: a seed is applied once, and never re-created, re-enabled or overwritten.
pub(super) async fn seed(db: &Connection, command: &AddUser) -> Verb<Seeded> {
    let key = command.user.username.key();
    let sql = "INSERT INTO seeds (username_key) VALUES (:key) ON CONFLICT DO NOTHING";
    if rows::execute(db, sql, params! { ":key": &key }).await? == 0 {
        return Ok(Seeded::Known);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE username_key = :key)";
    let is_there: Option<bool> = rows::value(db, sql, params! { ":key": &key }).await?;
    if is_there == Some(true) {
        return Ok(Seeded::Known);
    }
    match try_add(db, command).await? {
        Ok(_) => Ok(Seeded::Added),
        // Another command was quicker.
        Err(Constraint::UserName) => Ok(Seeded::Known),
        Err(constraint) => Err(conflict(constraint)),
    }
}
