//! User names: unique and found by the key of RFC 8265, and unlike each other by the skeleton of UTS 39.

use std::collections::BTreeSet;

use cardea_protocol::{
    language::Lang,
    model::{User, Username},
};
use cardea_seal::Digest;
use jiff::Timestamp;

use super::{
    connection::Connection,
    fault::Verb,
    rows,
    statement::params,
    user_search,
    users::{self, user_columns},
};
use crate::Constraint;

/// The rows of `username_looks`.
const LOOKS: i64 = 4096;

/// How often a row is tried whose address another user gets at the same time.
const TRIES: u32 = 5;

/// The user of a name. The key of older versions comes first: it finds the user whose name became that of another one.
pub(super) async fn by_name(db: &Connection, username: &Username) -> Verb<Option<User>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users u WHERE u.username_key IN (:legacy, :key) ORDER BY u.username_key = :legacy DESC LIMIT 1"
    );
    let params = params! { ":legacy": username.legacy_key(), ":key": username.key() };
    rows::first(db, sql, params, |row| Ok(users::decode(row, 0)?)).await
}

/// Locks what the names of new users look like, each by a row that stands for some of all looks: of two that are added at once, and
/// look alike, the later one sees the other. No index can hold that rule, as names of ASCII only may look alike.
pub(super) async fn lock_looks(db: &Connection, users: &[&User]) -> Verb<()> {
    let buckets: BTreeSet<i64> = users.iter().map(|user| bucket(user)).collect();
    let buckets: Vec<i64> = buckets.into_iter().collect();
    // In one order: two that add many users don't wait for each other.
    let sql =
        "SELECT bucket FROM username_looks WHERE bucket = ANY(:buckets) ORDER BY bucket FOR UPDATE";
    rows::all(db, sql, params! { ":buckets": buckets }, |_| Ok(()))
        .await
        .map(drop)
}

fn bucket(user: &User) -> i64 {
    let digest = Digest::of(user.username.skeleton().as_bytes());
    let [high, low, ..] = *digest.as_bytes();
    i64::from(u16::from_be_bytes([high, low])) % LOOKS
}

/// A user who was added.
pub(super) struct Added {
    pub(super) key: i64,
    /// Whether the user logs in with the address.
    pub(super) has_address: bool,
}

/// Adds a row, with the words by which it is searched, or says what it contradicts. The user logs in with the address, unless another
/// one does. What the name looks like is locked.
pub(super) async fn try_insert(
    db: &Connection,
    user: &User,
    address: Option<&str>,
) -> Verb<Result<Added, Constraint>> {
    for _ in 0..TRIES {
        if let Some(added) = insert_row(db, user, address).await? {
            user_search::add(db, added.key, user).await?;
            return Ok(Ok(added));
        }
        if let Some(constraint) = contradicted(db, user).await? {
            return Ok(Err(constraint));
        }
        // It was the address, which another user has got since the statement began; or that name is free again.
    }
    Ok(Err(Constraint::Email))
}

/// Whether another user has a name that looks like this one. Names of ASCII only may look alike (l and 1): users write them, and can
/// tell them apart by typing.
macro_rules! looks_alike {
    () => {
        "EXISTS (SELECT 1 FROM users u WHERE u.username_skeleton = :skeleton AND u.username_key <> :key
                 AND NOT (:ascii AND u.username_ascii))"
    };
}

/// None if it contradicts what is stored. No statement fails, as the transaction could not go on.
async fn insert_row(db: &Connection, user: &User, address: Option<&str>) -> Verb<Option<Added>> {
    let sql = concat!(
        "INSERT INTO users (subject, username, username_key, username_skeleton, username_ascii, email, email_verified,
                            login_email, roles, claims, status, must_change_password, expires_at, delete_at, locale,
                            created_at, updated_at, awaits_first_login)
         SELECT :subject, :username, :key, :skeleton, :ascii, :email, :verified,
                CASE WHEN EXISTS (SELECT 1 FROM users o WHERE o.login_email = :address) THEN NULL ELSE :address END,
                :roles, :claims, :status, :must_change, :expires, :delete, :locale, :created, :updated, TRUE
         WHERE NOT ",
        looks_alike!(),
        " ON CONFLICT DO NOTHING RETURNING user_key, login_email IS NOT NULL AS has_address"
    );
    let key = user.username.key();
    let params = params! {
        ":subject": user.subject.as_str(),
        ":username": user.username.as_str(),
        ":key": &key,
        ":skeleton": user.username.skeleton(),
        ":ascii": key.is_ascii(),
        ":email": &user.email,
        ":verified": user.email_verified && user.email.is_some(),
        ":address": address,
        ":roles": rows::to_json(&user.roles)?,
        ":claims": rows::to_json(&user.claims)?,
        ":status": rows::to_word(user.status)?,
        ":must_change": user.account.must_change_password,
        ":expires": user.account.expires_at.map(Timestamp::as_millisecond),
        ":delete": user.account.delete_at.map(Timestamp::as_millisecond),
        ":locale": user.account.locale.map(Lang::as_str),
        ":created": user.created_at.as_millisecond(),
        ":updated": user.updated_at.as_millisecond(),
    };
    rows::first(db, sql, params, |row| {
        Ok(Added {
            key: rows::read(row, 0)?,
            has_address: rows::read(row, 1)?,
        })
    })
    .await
}

/// What the row of a user contradicts, besides the address.
async fn contradicted(db: &Connection, user: &User) -> Verb<Option<Constraint>> {
    let sql = concat!(
        "SELECT ",
        looks_alike!(),
        ", EXISTS (SELECT 1 FROM users u WHERE u.subject = :subject),
           EXISTS (SELECT 1 FROM users u WHERE u.username_key = :key)"
    );
    let key = user.username.key();
    let params = params! {
        ":subject": user.subject.as_str(),
        ":key": &key,
        ":skeleton": user.username.skeleton(),
        ":ascii": key.is_ascii(),
    };
    let found = rows::first(db, sql, params, |row| {
        let is = |index| rows::read::<bool>(row, index);
        Ok(match (is(0)?, is(1)?, is(2)?) {
            (true, ..) => Some(Constraint::UserNameLooksAlike),
            (_, true, _) => Some(Constraint::Subject),
            (.., true) => Some(Constraint::UserName),
            _ => None,
        })
    });
    Ok(found.await?.flatten())
}
