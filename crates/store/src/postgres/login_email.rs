//! The address with which a user logs in.

use cardea_protocol::{mail::EmailAddress, model::Subject};

use super::{connection::Connection, fault::Verb, rows, statement::params};

/// The form under which it is unique. Only a verified one counts.
pub(super) fn key(email: Option<&str>, verified: bool) -> Option<String> {
    let address = EmailAddress::parse(email.filter(|_| verified)?).ok()?;
    Some(address.key())
}

/// Writes it after a change of the address. The user who had it first keeps it; of two who get it at once the later one is refused by
/// the index.
pub(super) async fn write(db: &Connection, user: i64, key: Option<&str>) -> Verb<()> {
    let sql = "UPDATE users SET login_email = CASE WHEN EXISTS
                   (SELECT 1 FROM users o WHERE o.login_email = :key AND o.user_key <> :user) THEN NULL ELSE :key END
               WHERE user_key = :user";
    rows::execute(db, sql, params! { ":key": key, ":user": user })
        .await
        .map(drop)
}

/// Whether a user logs in with an address.
pub(super) async fn has_one(db: &Connection, user: i64) -> Verb<bool> {
    let sql = "SELECT login_email IS NOT NULL FROM users WHERE user_key = :user";
    let found = rows::value(db, sql, params! { ":user": user }).await?;
    Ok(found.unwrap_or(false))
}

/// Whether another user logs in with the address.
pub(super) async fn is_taken(db: &Connection, address: &str, subject: &Subject) -> Verb<bool> {
    let Ok(address) = EmailAddress::parse(address) else {
        return Ok(false);
    };
    let sql =
        "SELECT EXISTS (SELECT 1 FROM users WHERE login_email = :key AND subject <> :subject)";
    let params = params! { ":key": address.key(), ":subject": subject.as_str() };
    Ok(rows::value(db, sql, params).await?.unwrap_or(false))
}
