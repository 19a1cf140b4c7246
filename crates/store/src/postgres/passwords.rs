//! Passwords, and how many users have hashes of each cost. Whoever changes the password of a user has locked the user, but for
//! [`upgrade`].

use std::collections::BTreeMap;

use cardea_protocol::model::Subject;
use cardea_seal::Secret;
use jiff::Timestamp;

use super::{
    connection::Connection,
    fault::Verb,
    rows::{self, Fields},
    statement::params,
    users::has_password,
};

/// Over how many rows the users of each cost are spread.
const SHARDS: i64 = 16;

/// By how much the numbers of users change, by cost and shard. They are written in one order, so that no two transactions wait for each
/// other, and late, as others wait from then on.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<(String, i64), i64>);

impl Counts {
    pub(super) fn add(&mut self, user: i64, hash: &Secret<String>) {
        self.count(user, hash, 1);
    }

    fn remove(&mut self, user: i64, hash: &Secret<String>) {
        self.count(user, hash, -1);
    }

    fn count(&mut self, user: i64, hash: &Secret<String>, by: i64) {
        let place = (cost(hash.expose()).to_owned(), user.rem_euclid(SHARDS));
        *self.0.entry(place).or_default() += by;
    }

    pub(super) async fn write(&self, db: &Connection) -> Verb<()> {
        let (mut costs, mut shards, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for ((cost, shard), change) in self.0.iter().filter(|(_, change)| **change != 0) {
            costs.push(cost.as_str());
            shards.push(*shard);
            changes.push(*change);
        }
        // Another password of the same cost.
        if changes.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO password_costs (cost, shard, users)
                   SELECT t.cost, t.shard, t.change FROM unnest(:costs, :shards, :changes) AS t (cost, shard, change)
                   ON CONFLICT (cost, shard) DO UPDATE SET users = password_costs.users + excluded.users";
        let params = params! { ":costs": costs, ":shards": shards, ":changes": changes };
        rows::execute(db, sql, params).await.map(drop)
    }
}

/// Algorithm and parameters of a hash: what stands before salt and hash. That is the text before the third dollar, of argon2 before
/// the fourth: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, `$2b$12$salthash`.
fn cost(hash: &str) -> &str {
    let is_version = |rest: &str| matches!(rest.as_bytes(), [b'0'..=b'9', b'0'..=b'9', b'$', ..]);
    let has_version = ["$argon2id$v=", "$argon2i$v=", "$argon2d$v="]
        .iter()
        .any(|algorithm| hash.strip_prefix(algorithm).is_some_and(is_version));
    let parts = if has_version { 3 } else { 2 };
    // The first dollar is the first character.
    let dollars = hash.match_indices('$').filter(|(at, _)| *at > 0);
    let end = dollars.take(parts).last().map_or(0, |(at, _)| at);
    hash.get(..end).unwrap_or_default()
}

/// How many users have each cost.
pub(super) async fn costs(db: &Connection) -> Verb<Vec<(String, u64)>> {
    let sql = "SELECT cost, sum(users)::bigint AS users FROM password_costs GROUP BY cost HAVING sum(users) > 0 ORDER BY cost";
    rows::all(db, sql, params! {}, |row| {
        let mut f = Fields::new(row, "password_costs", 0);
        Ok((f.get("cost")?, f.get("users")?))
    })
    .await
}

pub(super) async fn has(db: &Connection, subject: &Subject) -> Verb<bool> {
    let sql = concat!(
        "SELECT ",
        has_password!(),
        " FROM users u WHERE u.subject = :subject"
    );
    let params = params! { ":subject": subject.as_str() };
    Ok(rows::value(db, sql, params).await?.unwrap_or(false))
}

/// Gives a user without a password one, which is not counted. `false` if the user has one.
pub(super) async fn insert(
    db: &Connection,
    user: i64,
    hash: &Secret<String>,
    now: Timestamp,
) -> Verb<bool> {
    let sql = "INSERT INTO credentials (user_key, kind, id, secret, created_at)
               VALUES (:user, 'password', '', :hash, :now) ON CONFLICT DO NOTHING";
    let params = params! { ":user": user, ":hash": hash.expose(), ":now": now.as_millisecond() };
    Ok(rows::execute(db, sql, params).await? == 1)
}

/// The same, counted.
pub(super) async fn add(
    db: &Connection,
    user: i64,
    hash: &Secret<String>,
    now: Timestamp,
) -> Verb<bool> {
    let added = insert(db, user, hash, now).await?;
    if added {
        let mut counts = Counts::default();
        counts.add(user, hash);
        counts.write(db).await?;
    }
    Ok(added)
}

/// A user has one password: a new one replaces the credential.
pub(super) async fn put(
    db: &Connection,
    user: i64,
    hash: &Secret<String>,
    now: Timestamp,
) -> Verb<()> {
    match lock(db, user).await? {
        None => add(db, user, hash, now).await.map(drop),
        Some((before, _)) => write(db, user, (&before, hash), now.as_millisecond())
            .await
            .map(drop),
    }
}

/// Replaces the password that was proved, if it is still the user's; when the new one was set. The time tells passwords apart, so it
/// always rises.
pub(super) async fn replace(
    db: &Connection,
    user: i64,
    proved_set_at: Timestamp,
    hash: &Secret<String>,
    now: Timestamp,
) -> Verb<Option<Timestamp>> {
    let proved = proved_set_at.as_millisecond();
    match lock(db, user).await? {
        Some((before, set_at)) if set_at == proved => {
            let at = now.as_millisecond().max(set_at.saturating_add(1));
            write(db, user, (&before, hash), at).await
        }
        _ => Ok(None),
    }
}

/// The hash and when it was set. An upgrade does not lock the user, so the credential is locked too.
async fn lock(db: &Connection, user: i64) -> Verb<Option<(Secret<String>, i64)>> {
    let sql = "SELECT secret, created_at FROM credentials WHERE user_key = :user AND kind = 'password' FOR UPDATE";
    rows::first(db, sql, params! { ":user": user }, |row| {
        Ok((Secret::new(rows::read(row, 0)?), rows::read(row, 1)?))
    })
    .await
}

/// Writes another hash over that of a locked credential.
async fn write(
    db: &Connection,
    user: i64,
    (before, hash): (&Secret<String>, &Secret<String>),
    at: i64,
) -> Verb<Option<Timestamp>> {
    let sql = "UPDATE credentials SET secret = :hash, created_at = :at WHERE user_key = :user AND kind = 'password'
               RETURNING created_at";
    let params = params! { ":user": user, ":hash": hash.expose(), ":at": at };
    let written = rows::first(db, sql, params, |row| {
        Ok(Fields::new(row, "credentials", 0).time("created_at")?)
    })
    .await?;
    let mut counts = Counts::default();
    counts.remove(user, before);
    counts.add(user, hash);
    counts.write(db).await?;
    Ok(written)
}

/// The same password: the credential keeps its age.
pub(super) async fn upgrade(
    db: &Connection,
    subject: &Subject,
    old: &Secret<String>,
    new: &Secret<String>,
) -> Verb<()> {
    let sql = "UPDATE credentials SET secret = :new
               WHERE user_key = (SELECT user_key FROM users WHERE subject = :subject) AND kind = 'password' AND secret = :old
               RETURNING user_key";
    let params = params! {
        ":subject": subject.as_str(),
        ":old": old.expose(),
        ":new": new.expose(),
    };
    let Some(user) = rows::value(db, sql, params).await? else {
        return Ok(());
    };
    let mut counts = Counts::default();
    counts.remove(user, old);
    counts.add(user, new);
    counts.write(db).await
}

pub(super) async fn remove(db: &Connection, user: i64) -> Verb<()> {
    let sql =
        "DELETE FROM credentials WHERE user_key = :user AND kind = 'password' RETURNING secret";
    let Some(hash) = rows::value(db, sql, params! { ":user": user }).await? else {
        return Ok(());
    };
    let mut counts = Counts::default();
    counts.remove(user, &Secret::new(hash));
    counts.write(db).await
}
