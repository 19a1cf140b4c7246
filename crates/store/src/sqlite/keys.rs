//! The key ring, changed by compare-and-set.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, KeyState, SigningKeyRow};
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore, audit,
    fault::{Verb, conflict},
    rows::{self, Fields},
};
use crate::{Constraint, Keys, Result, RingChange, StoreError, events};

#[async_trait]
impl Keys for SqliteStore {
    async fn keys(&self) -> Result<Vec<SigningKeyRow>> {
        let sql =
            "SELECT kid, algorithm, state, sealed_private, created_at, activated_at, retired_at
                   FROM signing_keys ORDER BY created_at, kid";
        self.read(|db| rows::all(db, sql, [], |row| Ok(decode(row)?)))
    }

    async fn change_ring(&self, change: RingChange) -> Result<bool> {
        all_or_none(self.write(move |tx| step(tx, &change)).await)
    }

    async fn rewrap_keys(&self, sealed: Vec<(String, Vec<u8>)>) -> Result<bool> {
        all_or_none(self.write(move |tx| rewrap(tx, &sealed)).await)
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

fn decode(row: &Row<'_>) -> Result<SigningKeyRow> {
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

fn step(tx: &Connection, change: &RingChange) -> Verb<()> {
    // Keys leave a state before others enter it: the schema allows one `active` and one `next` key at any moment.
    let mut moves: Vec<_> = change.moves.iter().collect();
    moves.sort_by_key(|(_, _, to)| match to {
        None | Some(KeyState::Hidden | KeyState::Retired) => 0,
        Some(KeyState::Active) => 1,
        Some(KeyState::Next) => 2,
    });
    for (kid, from, to) in moves {
        move_key(tx, kid, (*from, *to), &change.cause)?;
    }
    for key in &change.add {
        add(tx, key, &change.cause)?;
    }
    Ok(())
}

fn move_key(
    tx: &Connection,
    kid: &str,
    step: (KeyState, Option<KeyState>),
    cause: &Cause,
) -> Verb<()> {
    let now = cause.now.as_millisecond();
    let from = rows::to_word(step.0)?;
    let moved = match step.1 {
        None => rows::execute(
            tx,
            "DELETE FROM signing_keys WHERE kid = ? AND state = ?",
            (kid, &from),
        )?,
        Some(to) => {
            let sql = "UPDATE signing_keys SET state = :to,
                           activated_at = CASE :to WHEN 'active' THEN :now ELSE activated_at END,
                           retired_at = CASE WHEN :to IN ('retired', 'hidden') THEN coalesce(retired_at, :now) END
                       WHERE kid = :kid AND state = :from";
            let to = rows::to_word(to)?;
            rows::execute(
                tx,
                sql,
                named_params! { ":kid": kid, ":from": from, ":to": to, ":now": now },
            )?
        }
    };
    if moved != 1 {
        return Err(conflict(Constraint::KeyRing));
    }
    match events::key_moved(kid, step.1) {
        Some(entry) => audit::record(tx, cause, &entry),
        None => Ok(()),
    }
}

fn add(tx: &Connection, key: &SigningKeyRow, cause: &Cause) -> Verb<()> {
    let active = (key.state == KeyState::Active).then_some(cause.now);
    rows::execute(
        tx,
        "INSERT INTO signing_keys (kid, algorithm, state, sealed_private, created_at, activated_at, retired_at)
         VALUES (:kid, :algorithm, :state, :sealed, :created, :activated, :retired)",
        named_params! {
            ":kid": key.kid,
            ":algorithm": rows::to_word(key.algorithm)?,
            ":state": rows::to_word(key.state)?,
            ":sealed": key.sealed_private,
            ":created": key.created_at.as_millisecond(),
            ":activated": key.activated_at.or(active).map(|at| at.as_millisecond()),
            ":retired": key.retired_at.map(|at| at.as_millisecond()),
        },
    )?;
    audit::record(tx, cause, &events::key_added(&key.kid))
}

/// A key missing here would be lost with the old master key, so nothing is written then.
fn rewrap(tx: &Connection, sealed: &[(String, Vec<u8>)]) -> Verb<()> {
    let mut rewrapped = 0;
    for (kid, sealed) in sealed {
        let sql = "UPDATE signing_keys SET sealed_private = ? WHERE kid = ?";
        rewrapped += rows::execute(tx, sql, (sealed, kid))?;
    }
    let all: Option<i64> = rows::value(tx, "SELECT count(*) FROM signing_keys", [])?;
    if all.and_then(|n| u64::try_from(n).ok()) != Some(rewrapped)
        || rewrapped != sealed.len() as u64
    {
        return Err(conflict(Constraint::KeyRing));
    }
    Ok(())
}
