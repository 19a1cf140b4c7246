//! The address with which a user logs in.

use cardea_protocol::{mail::EmailAddress, model::Subject};
use rusqlite::Connection;

use super::{fault::Verb, rows};

/// Writes it after a change of the address. Only a verified one counts, and the user who had it first keeps it.
pub(super) fn write(tx: &Connection, subject: &Subject) -> Verb<()> {
    let sql = "SELECT email FROM users WHERE subject = ? AND email_verified = 1";
    let email: Option<String> = rows::value(tx, sql, [subject.as_str()])?;
    let key = email.and_then(|email| Some(EmailAddress::parse(&email).ok()?.key()));
    let sql = "UPDATE users SET login_email = iif(EXISTS
                   (SELECT 1 FROM users o WHERE o.login_email = ?2 AND o.user_key <> users.user_key), NULL, ?2)
               WHERE subject = ?1";
    rows::execute(tx, sql, (subject.as_str(), key)).map(drop)
}

/// Whether another user logs in with the address.
pub(super) fn is_taken(tx: &Connection, address: &str, subject: &Subject) -> Verb<bool> {
    let Ok(address) = EmailAddress::parse(address) else {
        return Ok(false);
    };
    let sql = "SELECT 1 FROM users WHERE login_email = ? AND subject <> ?";
    let found: Option<i64> = rows::value(tx, sql, (address.key(), subject.as_str()))?;
    Ok(found.is_some())
}
