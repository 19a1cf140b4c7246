//! Leases, marks, readiness.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, named_params};

use super::{
    SqliteStore,
    fault::Verb,
    rows::{self, Fields},
    sweep,
};
use crate::{Jobs, Lease, Marks, Node, Result, Swept};

#[async_trait]
impl Jobs for SqliteStore {
    async fn take_lease(&self, lease: Lease, now: Timestamp) -> Result<bool> {
        self.job(move |tx| take_lease(tx, &lease, now)).await
    }

    // The lock of the file keeps other nodes away.
    async fn announce_node(&self, _: Node) -> Result<()> {
        Ok(())
    }

    async fn nodes(&self, _: Timestamp) -> Result<Vec<Node>> {
        Ok(Vec::new())
    }

    async fn sweep(&self, now: Timestamp, batch: u32, audit_ttl: SignedDuration) -> Result<Swept> {
        self.job(move |tx| sweep::sweep(tx, now, batch, audit_ttl))
            .await
    }

    async fn marks(&self, first: Marks) -> Result<Marks> {
        self.write(move |tx| {
            let sql =
                "INSERT INTO marks (one, issuer, development, master_key_check) VALUES (1, ?, ?, ?)
                       ON CONFLICT DO NOTHING";
            rows::execute(
                tx,
                sql,
                (&first.issuer, first.development, &first.master_key_check),
            )?;
            Ok(read_marks(tx)?.unwrap_or(first))
        })
        .await
    }

    async fn read_marks(&self) -> Result<Option<Marks>> {
        self.read(read_marks)
    }

    async fn ready(&self) -> Result<()> {
        self.health.check()?;
        self.read(|db| rows::value::<i64>(db, "SELECT count(*) FROM marks", []))
            .map(drop)
    }
}

fn take_lease(tx: &Connection, lease: &Lease, now: Timestamp) -> Verb<bool> {
    let until = now.saturating_add(lease.ttl).unwrap_or(Timestamp::MAX);
    let taken = rows::execute(
        tx,
        "INSERT INTO leases (job, holder, expires_at) VALUES (:job, :holder, :until)
         ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
         WHERE leases.holder = excluded.holder OR leases.expires_at <= :now",
        named_params! {
            ":job": lease.job,
            ":holder": lease.holder,
            ":until": until.as_millisecond(),
            ":now": now.as_millisecond(),
        },
    )?;
    Ok(taken == 1)
}

fn read_marks(db: &Connection) -> Verb<Option<Marks>> {
    rows::first(
        db,
        "SELECT issuer, development, master_key_check FROM marks",
        [],
        |row| {
            let mut f = Fields::new(row, "marks", 0);
            Ok(Marks {
                issuer: f.get("issuer")?,
                development: f.get("development")?,
                master_key_check: f.get("master_key_check")?,
            })
        },
    )
}
