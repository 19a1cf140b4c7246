//! User names: unique and found by the key of RFC 8265, and unlike each other by the skeleton of UTS 39. Of names that were stored
//! before V12 the program computes both.

use cardea_protocol::{
    language::Lang,
    model::{User, Username},
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params, params};

use super::{fault::Verb, rows};
use crate::{Constraint, StoreError};

/// How many users one transaction changes.
const BATCH: u32 = 10_000;

/// The row of a name. The key of older versions comes first: it finds the user whose name became that of another one.
pub(super) fn by_name<T>(
    db: &Connection,
    sql: &str,
    username: &Username,
    read: impl Fn(&Row<'_>) -> Verb<T>,
) -> Verb<Option<T>> {
    let (legacy, key) = (username.legacy_key(), username.key());
    if legacy != key
        && let Some(found) = rows::first(db, sql, [&legacy], &read)?
    {
        return Ok(Some(found));
    }
    rows::first(db, sql, [&key], read)
}

/// Adds a row, if the name is like no other.
pub(super) fn insert(tx: &Connection, user: &User) -> Verb<()> {
    let key = user.username.key();
    // Names of ASCII only may look alike (l and 1): users write them, and can tell them apart by typing.
    let inserted = rows::execute(
        tx,
        "INSERT INTO users (subject, username, username_key, username_skeleton, email, email_verified, roles, claims, status,
                            must_change_password, expires_at, delete_at, locale, created_at, updated_at,
                            awaits_first_login)
         SELECT :subject, :username, :key, :skeleton, :email, :verified, :roles, :claims, :status,
                :must_change, :expires, :delete, :locale, :created, :updated, 1
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.username_skeleton = :skeleton AND u.username_key <> :key
                             AND (NOT :ascii OR u.username_key GLOB '*[^ -~]*'))",
        named_params! {
            ":subject": user.subject.as_str(),
            ":username": user.username.as_str(),
            ":key": key,
            ":skeleton": user.username.skeleton(),
            ":ascii": key.is_ascii(),
            ":email": user.email,
            ":verified": user.email_verified && user.email.is_some(),
            ":roles": rows::to_json(&user.roles)?,
            ":claims": rows::to_json(&user.claims)?,
            ":status": rows::to_word(user.status)?,
            ":must_change": user.account.must_change_password,
            ":expires": user.account.expires_at.map(Timestamp::as_millisecond),
            ":delete": user.account.delete_at.map(Timestamp::as_millisecond),
            ":locale": user.account.locale.map(Lang::as_str),
            ":created": user.created_at.as_millisecond(),
            ":updated": user.updated_at.as_millisecond(),
        },
    )?;
    match inserted {
        1 => Ok(()),
        _ => Err(StoreError::conflict(Constraint::UserNameLooksAlike).into()),
    }
}

/// Computes what is missing, the oldest user first. What was done stays done when the process ends before the last user.
pub(super) fn prepare(db: &mut Connection) -> rusqlite::Result<()> {
    loop {
        let tx = db.transaction()?;
        let users = users(&tx)?;
        for user in &users {
            prepare_user(&tx, user)?;
        }
        let is_done = u32::try_from(users.len()).is_ok_and(|found| found < BATCH);
        if is_done {
            prepare_seeds(&tx)?;
        }
        tx.commit()?;
        if is_done {
            return Ok(());
        }
    }
}

struct Unprepared {
    user_key: i64,
    subject: String,
    username: String,
    key: String,
}

fn users(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Unprepared>> {
    let sql = "SELECT user_key, subject, username, username_key FROM users WHERE username_skeleton IS NULL
               ORDER BY user_key LIMIT ?";
    let mut statement = tx.prepare_cached(sql)?;
    let users = statement.query_map([BATCH], |row| {
        Ok(Unprepared {
            user_key: row.get(0)?,
            subject: row.get(1)?,
            username: row.get(2)?,
            key: row.get(3)?,
        })
    })?;
    users.collect()
}

fn prepare_user(tx: &Transaction<'_>, user: &Unprepared) -> rusqlite::Result<()> {
    // A name that can't be parsed is reported when it is read.
    let name = Username::parse(&user.username).ok();
    let skeleton = name.as_ref().map_or_else(String::new, Username::skeleton);
    let key = name.map_or_else(|| user.key.clone(), |name| name.key());
    if key != user.key {
        let sql = "UPDATE OR IGNORE users SET username_key = ? WHERE user_key = ?";
        let changed = tx
            .prepare_cached(sql)?
            .execute(params![key, user.user_key])?;
        if changed == 0 {
            tracing::warn!(
                subject = user.subject,
                "the name of this user is now the same as that of another one, who keeps it: it is only found as it was \
                 typed when the user was added"
            );
        }
    }
    let sql = "UPDATE users SET username_skeleton = ? WHERE user_key = ?";
    let mut statement = tx.prepare_cached(sql)?;
    statement.execute(params![skeleton, user.user_key])?;
    Ok(())
}

/// D19: a seed stays known under its new key.
fn prepare_seeds(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let sql = "SELECT username_key FROM seeds WHERE username_key GLOB '*[^ -~]*'";
    let mut statement = tx.prepare(sql)?;
    let seeds: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for seed in seeds {
        if let Ok(name) = Username::parse(&seed)
            && name.key() != seed
        {
            let sql = "UPDATE OR IGNORE seeds SET username_key = ? WHERE username_key = ?";
            tx.execute(sql, params![name.key(), seed])?;
        }
    }
    Ok(())
}
