//! What the program computes of user names that were stored before V12: the key of RFC 8265, and the skeleton of UTS 39.

use cardea_protocol::model::Username;
use rusqlite::{Connection, Transaction, params};

/// How many users one transaction changes.
const BATCH: u32 = 10_000;

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

struct User {
    user_key: i64,
    subject: String,
    username: String,
    key: String,
}

fn users(tx: &Transaction<'_>) -> rusqlite::Result<Vec<User>> {
    let sql = "SELECT user_key, subject, username, username_key FROM users WHERE username_skeleton IS NULL
               ORDER BY user_key LIMIT ?";
    let mut statement = tx.prepare_cached(sql)?;
    let users = statement.query_map([BATCH], |row| {
        Ok(User {
            user_key: row.get(0)?,
            subject: row.get(1)?,
            username: row.get(2)?,
            key: row.get(3)?,
        })
    })?;
    users.collect()
}

fn prepare_user(tx: &Transaction<'_>, user: &User) -> rusqlite::Result<()> {
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
