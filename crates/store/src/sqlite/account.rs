//! What limits an account, and its language.

use cardea_protocol::model::Subject;
use rusqlite::{Connection, named_params};

use super::{fault::Verb, links, rows, users};
use crate::{UserChange, UserUpdate};

/// Writes what is to change of it.
pub(super) fn write(tx: &Connection, subject: &Subject, update: &UserUpdate) -> Verb<()> {
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
                   expires_at = iif(:set_expiry, :expires, expires_at),
                   delete_at = iif(:set_deletion, :delete, delete_at),
                   locale = iif(:set_locale, :locale, locale)
               WHERE subject = :subject";
    let params = named_params! {
        ":subject": subject.as_str(),
        ":must": must_change_password,
        ":set_expiry": expires_at.is_some(),
        ":expires": expires_at.flatten().map(|at| at.as_millisecond()),
        ":set_deletion": delete_at.is_some(),
        ":delete": delete_at.flatten().map(|at| at.as_millisecond()),
        ":set_locale": locale.is_some(),
        ":locale": locale.flatten().map(|lang| lang.as_str()),
    };
    rows::execute(tx, sql, params).map(drop)
}

/// A change of the address that no link has made: what is in the mails to an address before does nothing any more.
pub(super) fn change(tx: &Connection, command: &UserChange) -> Verb<bool> {
    let changed = users::change(tx, command)?;
    if changed && command.update.email.is_some() {
        links::forget_ways_back(tx, &command.subject)?;
    }
    Ok(changed)
}
