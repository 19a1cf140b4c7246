//! The key ring, changed by compare-and-set.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, KeyState, SigningKeyRow};
use tokio_postgres::Row;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, transaction},
    fault::{Verb, conflict},
    rows::{self, Fields},
    statement::params,
};
use crate::{Constraint, Keys, Result, RingChange, StoreError, events};

#[async_trait]
impl Keys for PostgresStore {
    async fn keys(&self) -> Result<Vec<SigningKeyRow>> {
        let sql =
            "SELECT kid, algorithm, state, sealed_private, created_at, activated_at, retired_at
                   FROM signing_keys ORDER BY created_at, kid";
        read!(self, db => rows::all(&db, sql, params! {}, |row| Ok(decode(row)?)))
    }

    async fn change_ring(&self, change: RingChange) -> Result<bool> {
        all_or_none(transaction!(self, db => step(&db, &change)))
    }

    async fn rewrap_keys(&self, sealed: Vec<(String, Vec<u8>)>) -> Result<bool> {
        all_or_none(transaction!(self, db => rewrap(&db, &sealed)))
    }
}

/// A conflict rolled everything back: another node changed the ring first.
fn all_or_none(outcome: Result<()>) -> Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict {
            constraint: Constraint::KeyRing,
        }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn decode(row: &Row) -> Result<SigningKeyRow> {
    let mut f = Fields::new(row, "signing_keys", 0);
    Ok(SigningKeyRow {
        kid: f.get("kid")?,
        algorithm: f.word("algorithm")?,
        state: f.word("state")?,
        sealed_private: f.get("sealed_private")?,
        created_at: f.time("created_at")?,
        activated_at: f.time_opt("activated_at")?,
        retired_at: f.time_opt("retired_at")?,
    })
}

/// One change at a time: no key is added while the others are sealed again. The marks stand for the ring, so also for an empty one;
/// where there are none yet, the indexes allow one `active` and one `next` key.
async fn lock(db: &Connection) -> Verb<()> {
    rows::execute(db, "SELECT one FROM marks FOR NO KEY UPDATE", params! {}).await?;
    let sql = "SELECT kid FROM signing_keys ORDER BY kid FOR UPDATE";
    rows::execute(db, sql, params! {}).await.map(drop)
}

async fn step(db: &Connection, change: &RingChange) -> Verb<()> {
    lock(db).await?;
    // Keys leave a state before others enter it: the schema allows one `active` and one `next` key at any moment.
    let mut moves: Vec<_> = change.moves.iter().collect();
    moves.sort_by_key(|(_, _, to)| match to {
        None | Some(KeyState::Hidden | KeyState::Retired) => 0,
        Some(KeyState::Active) => 1,
        Some(KeyState::Next) => 2,
    });
    for (kid, from, to) in moves {
        move_key(db, kid, (*from, *to), &change.cause).await?;
    }
    for key in &change.add {
        add(db, key, &change.cause).await?;
    }
    Ok(())
}

async fn move_key(
    db: &Connection,
    kid: &str,
    step: (KeyState, Option<KeyState>),
    cause: &Cause,
) -> Verb<()> {
    let from = rows::to_word(step.0)?;
    let moved = match step.1 {
        None => {
            let sql = "DELETE FROM signing_keys WHERE kid = :kid AND state = :from";
            rows::execute(db, sql, params! { ":kid": kid, ":from": from }).await?
        }
        Some(to) => {
            let sql = "UPDATE signing_keys SET state = :to,
                           activated_at = CASE :to WHEN 'active' THEN :now ELSE activated_at END,
                           retired_at = CASE WHEN :to IN ('retired', 'hidden') THEN coalesce(retired_at, :now) END
                       WHERE kid = :kid AND state = :from";
            let params = params! {
                ":kid": kid,
                ":from": from,
                ":to": rows::to_word(to)?,
                ":now": cause.now.as_millisecond(),
            };
            rows::execute(db, sql, params).await?
        }
    };
    if moved != 1 {
        return Err(conflict(Constraint::KeyRing));
    }
    match events::key_moved(kid, step.1) {
        Some(entry) => audit::record(db, cause, &entry).await,
        None => Ok(()),
    }
}

async fn add(db: &Connection, key: &SigningKeyRow, cause: &Cause) -> Verb<()> {
    let active = (key.state == KeyState::Active).then_some(cause.now);
    rows::execute(
        db,
        "INSERT INTO signing_keys (kid, algorithm, state, sealed_private, created_at, activated_at, retired_at)
         VALUES (:kid, :algorithm, :state, :sealed, :created, :activated, :retired)",
        params! {
            ":kid": &key.kid,
            ":algorithm": rows::to_word(key.algorithm)?,
            ":state": rows::to_word(key.state)?,
            ":sealed": &key.sealed_private,
            ":created": key.created_at.as_millisecond(),
            ":activated": key.activated_at.or(active).map(|at| at.as_millisecond()),
            ":retired": key.retired_at.map(|at| at.as_millisecond()),
        },
    )
    .await?;
    audit::record(db, cause, &events::key_added(&key.kid)).await
}

/// A key missing here would be lost with the old master key, so nothing is written then.
async fn rewrap(db: &Connection, sealed: &[(String, Vec<u8>)]) -> Verb<()> {
    lock(db).await?;
    let mut rewrapped = 0;
    for (kid, sealed) in sealed {
        let sql = "UPDATE signing_keys SET sealed_private = :sealed WHERE kid = :kid";
        rewrapped += rows::execute(db, sql, params! { ":sealed": sealed, ":kid": kid }).await?;
    }
    let sql = "SELECT count(*) FROM signing_keys";
    let all: Option<u64> = rows::value(db, sql, params! {}).await?;
    if all != Some(rewrapped) || rewrapped != sealed.len() as u64 {
        return Err(conflict(Constraint::KeyRing));
    }
    Ok(())
}
