//! What limits an account, and its language.

use super::{connection::Connection, fault::Verb, links, rows, statement::params, users};
use crate::{UserChange, UserUpdate};

/// Writes what is to change of it.
pub(super) async fn write(db: &Connection, user: i64, update: &UserUpdate) -> Verb<()> {
    let UserUpdate {
        must_change_password,
        expires_at,
        delete_at,
        locale,
        ..
    } = update;
    let nothing = must_change_password.is_none() && expires_at.is_none();
    if nothing && delete_at.is_none() && locale.is_none() {
        return Ok(());
    }
    let sql = "UPDATE users SET must_change_password = coalesce(:must, must_change_password),
                   expires_at = CASE WHEN :set_expiry THEN :expires ELSE expires_at END,
                   delete_at = CASE WHEN :set_deletion THEN :delete ELSE delete_at END,
                   locale = CASE WHEN :set_locale THEN :locale ELSE locale END
               WHERE user_key = :user";
    let params = params! {
        ":user": user,
        ":must": *must_change_password,
        ":set_expiry": expires_at.is_some(),
        ":expires": expires_at.flatten().map(|at| at.as_millisecond()),
        ":set_deletion": delete_at.is_some(),
        ":delete": delete_at.flatten().map(|at| at.as_millisecond()),
        ":set_locale": locale.is_some(),
        ":locale": locale.flatten().map(|lang| lang.as_str()),
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// A change of the address that no link has made: what is in the mails to an address before does nothing any more.
pub(super) async fn change(db: &Connection, command: &UserChange) -> Verb<bool> {
    let changed = users::change(db, command).await?;
    if changed && command.update.email.is_some() {
        links::forget_ways_back(db, &command.subject).await?;
    }
    Ok(changed)
}
