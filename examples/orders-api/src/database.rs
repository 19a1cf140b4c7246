//! The database of orders: SQLite.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use cardea_resource::{Guarded, Problem};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::orders::Order;

/// The number of orders in a list.
const LISTED: u32 = 100;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS members (
        subject TEXT PRIMARY KEY,
        tenant  TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS tenants (
        tenant TEXT PRIMARY KEY
    ) STRICT;
    CREATE TABLE IF NOT EXISTS orders (
        id        INTEGER PRIMARY KEY,
        tenant    TEXT NOT NULL,
        placed_by TEXT NOT NULL,
        item      TEXT NOT NULL,
        quantity  INTEGER NOT NULL,
        placed_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS orders_of_tenant ON orders (tenant, id);
";

const COLUMNS: &str = "id, tenant, placed_by, item, quantity, placed_at";

/// The sample orders of a new tenant: item, quantity, and age in days.
const SAMPLES: [(&str, u32, i64); 3] = [
    ("Oak door", 1, 9),
    ("Door chain", 4, 5),
    ("Letterbox", 2, 1),
];

/// A handle of the database; clones share it.
#[derive(Clone)]
pub(crate) struct Database {
    connection: Arc<Mutex<Connection>>,
    /// Whether a new tenant starts with sample orders.
    samples: bool,
}

/// A new order.
pub(crate) struct Draft {
    pub(crate) tenant: String,
    pub(crate) placed_by: String,
    pub(crate) item: String,
    pub(crate) quantity: u32,
    pub(crate) placed_at: Timestamp,
}

impl Database {
    pub(crate) fn open(file: Option<&Path>, samples: bool) -> rusqlite::Result<Self> {
        let connection = match file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            samples,
        })
    }

    /// The tenant of a subject: the one of the token, else the one in our own table.
    pub(crate) async fn tenant_of(
        &self,
        subject: &str,
        of_token: Option<String>,
        now: Timestamp,
    ) -> Result<String, Problem> {
        let (subject, samples) = (subject.to_owned(), self.samples);
        self.with(move |db| {
            let transaction = db.unchecked_transaction()?;
            let tenant = match of_token {
                Some(tenant) => tenant,
                None => own_tenant(&transaction, &subject)?,
            };
            let insert = "INSERT INTO tenants (tenant) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM orders WHERE tenant = ?1)
                          ON CONFLICT (tenant) DO NOTHING";
            if samples && transaction.execute(insert, [&tenant])? == 1 {
                for (item, quantity, days_ago) in SAMPLES {
                    let age = SignedDuration::from_hours(24 * days_ago);
                    let draft = Draft {
                        tenant: tenant.clone(),
                        placed_by: subject.clone(),
                        item: item.to_owned(),
                        quantity,
                        placed_at: now.saturating_sub(age).unwrap_or(now),
                    };
                    insert_order(&transaction, draft)?;
                }
            }
            transaction.commit()?;
            Ok(tenant)
        })
        .await
    }

    /// The newest orders of a tenant.
    pub(crate) async fn orders(&self, tenant: String) -> Result<Vec<Order>, Problem> {
        self.with(move |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM orders WHERE tenant = ?1 ORDER BY id DESC LIMIT {LISTED}"
            );
            db.prepare_cached(&sql)?
                .query_map([tenant], read)?
                .collect()
        })
        .await
    }

    /// Any tenant's order; the caller must be authorized before it is shown.
    pub(crate) async fn order(&self, id: i64) -> Result<Guarded<Option<Order>>, Problem> {
        let found = self
            .with(move |db| {
                let sql = format!("SELECT {COLUMNS} FROM orders WHERE id = ?1");
                db.query_row(&sql, [id], read).optional()
            })
            .await?;
        Ok(Guarded::new(found))
    }

    pub(crate) async fn place(&self, draft: Draft) -> Result<Order, Problem> {
        self.with(move |db| insert_order(db, draft)).await
    }

    /// Whether the tenant had the order.
    pub(crate) async fn cancel(&self, id: i64, tenant: String) -> Result<bool, Problem> {
        self.with(move |db| {
            let sql = "DELETE FROM orders WHERE id = ?1 AND tenant = ?2";
            Ok(db.execute(sql, params![id, tenant])? == 1)
        })
        .await
    }

    /// The numbers of orders and of tenants.
    pub(crate) async fn counts(&self) -> Result<(i64, i64), Problem> {
        self.with(|db| {
            let sql = "SELECT count(*), count(DISTINCT tenant) FROM orders";
            db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .await
    }

    /// Does the work on a blocking thread. The cause of a failure is logged, not returned.
    async fn with<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&connection)
        });
        let error = match done.await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(error, "the database failed");
        Err(Problem::internal())
    }
}

/// The tenant of a subject whose token has none. The first request adds one.
fn own_tenant(db: &Connection, subject: &str) -> rusqlite::Result<String> {
    let insert = "INSERT INTO members (subject, tenant) VALUES (?1, 'own:' || ?1) ON CONFLICT (subject) DO NOTHING";
    db.execute(insert, [subject])?;
    let select = "SELECT tenant FROM members WHERE subject = ?1";
    db.query_row(select, [subject], |row| row.get(0))
}

fn insert_order(db: &Connection, draft: Draft) -> rusqlite::Result<Order> {
    let sql = format!(
        "INSERT INTO orders (tenant, placed_by, item, quantity, placed_at) VALUES (?1, ?2, ?3, ?4, ?5)
         RETURNING {COLUMNS}"
    );
    let Draft {
        tenant,
        placed_by,
        item,
        quantity,
        placed_at,
    } = draft;
    let values = params![tenant, placed_by, item, quantity, format!("{placed_at:.0}")];
    db.query_row(&sql, values, read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Order> {
    Ok(Order {
        id: row.get(0)?,
        tenant: row.get(1)?,
        placed_by: row.get(2)?,
        item: row.get(3)?,
        quantity: row.get(4)?,
        placed_at: row.get(5)?,
    })
}
