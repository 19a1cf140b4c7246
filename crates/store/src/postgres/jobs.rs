//! Leases, marks, readiness.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{
    PostgresStore,
    connection::{Connection, read, statement, transaction},
    fault::Verb,
    rows::{self, Fields},
    statement::params,
    sweep,
};
use crate::{Jobs, Lease, Marks, Node, Result, Swept};

/// How far ahead the end of a node's announcement can be: its 90 seconds, and 30 of difference between clocks.
const MOST_AHEAD_MS: i64 = 120_000;

#[async_trait]
impl Jobs for PostgresStore {
    async fn take_lease(&self, lease: Lease, now: Timestamp) -> Result<bool> {
        statement!(self, db => take_lease(&db, &lease, now))
    }

    async fn announce_node(&self, node: Node) -> Result<()> {
        statement!(self, db => announce(&db, &node))
    }

    async fn nodes(&self, now: Timestamp) -> Result<Vec<Node>> {
        read!(self, db => nodes(&db, now))
    }

    async fn sweep(&self, now: Timestamp, batch: u32, audit_ttl: SignedDuration) -> Result<Swept> {
        sweep::sweep(self, now, batch, audit_ttl).await
    }

    async fn marks(&self, first: Marks) -> Result<Marks> {
        transaction!(self, db => write_marks(&db, &first))
    }

    async fn read_marks(&self) -> Result<Option<Marks>> {
        read!(self, db => read_marks(&db))
    }

    // A connection is only made to a server that takes writes. A write is tried only after one was refused.
    async fn ready(&self) -> Result<()> {
        if self.refuses_writes.load(Ordering::Relaxed) {
            let lease = Lease {
                job: "ready",
                holder: String::new(),
                ttl: SignedDuration::ZERO,
            };
            self.take_lease(lease, Timestamp::UNIX_EPOCH).await?;
            self.refuses_writes.store(false, Ordering::Relaxed);
        }
        let sql = "SELECT count(*) FROM marks";
        read!(self, db => rows::value::<i64>(&db, sql, params! {})).map(drop)
    }
}

/// The unique row decides: of those who ask at once one has it.
async fn take_lease(db: &Connection, lease: &Lease, now: Timestamp) -> Verb<bool> {
    let until = now.saturating_add(lease.ttl).unwrap_or(Timestamp::MAX);
    let taken = rows::execute(
        db,
        "INSERT INTO leases (job, holder, expires_at) VALUES (:job, :holder, :until)
         ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
         WHERE leases.holder = excluded.holder OR leases.expires_at <= :now",
        params! {
            ":job": lease.job,
            ":holder": &lease.holder,
            ":until": until.as_millisecond(),
            ":now": now.as_millisecond(),
        },
    )
    .await?;
    Ok(taken == 1)
}

async fn announce(db: &Connection, node: &Node) -> Verb<()> {
    let sql = "INSERT INTO nodes (id, keys, expires_at) VALUES (:id, :keys, :until)
               ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, expires_at = excluded.expires_at";
    let params = params! {
        ":id": &node.id,
        ":keys": rows::to_json(&node.keys)?,
        ":until": node.expires_at.as_millisecond(),
    };
    rows::execute(db, sql, params).await.map(drop)
}

async fn nodes(db: &Connection, now: Timestamp) -> Verb<Vec<Node>> {
    // One whose clock was far ahead, and that died, is not waited for.
    let sql = "SELECT id, keys, expires_at FROM nodes WHERE expires_at > :now AND expires_at <= :latest ORDER BY id";
    let now = now.as_millisecond();
    let params = params! { ":now": now, ":latest": now.saturating_add(MOST_AHEAD_MS) };
    rows::all(db, sql, params, |row| {
        let mut f = Fields::new(row, "nodes", 0);
        Ok(Node {
            id: f.get("id")?,
            keys: f.json("keys")?,
            expires_at: f.time("expires_at")?,
        })
    })
    .await
}

async fn write_marks(db: &Connection, first: &Marks) -> Verb<Marks> {
    let sql = "INSERT INTO marks (one, issuer, development, master_key_check) VALUES (1, :issuer, :development, :check)
               ON CONFLICT DO NOTHING";
    let params = params! {
        ":issuer": &first.issuer,
        ":development": first.development,
        ":check": &first.master_key_check,
    };
    rows::execute(db, sql, params).await?;
    // Those of another node, if it was first.
    let stored = read_marks(db).await?;
    Ok(stored.unwrap_or_else(|| first.clone()))
}

async fn read_marks(db: &Connection) -> Verb<Option<Marks>> {
    let sql = "SELECT issuer, development, master_key_check FROM marks";
    rows::first(db, sql, params! {}, |row| {
        let mut f = Fields::new(row, "marks", 0);
        Ok(Marks {
            issuer: f.get("issuer")?,
            development: f.get("development")?,
            master_key_check: f.get("master_key_check")?,
        })
    })
    .await
}
