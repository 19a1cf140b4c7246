//! PostgreSQL, for as many nodes as are needed (D6, D30).
//!
//! A tour: `address.rs` reads the URL; `open.rs` connects and migrates; `connection.rs` runs a verb on a connection of the pool, and
//! again when another transaction was faster; `statement.rs` and `rows.rs` are how verbs speak to it. The verbs are in one file per
//! subject, with the names of those of SQLite.

mod account;
mod accounts;
mod address;
mod audit;
mod clients;
mod codes;
mod connection;
mod consents;
mod domains;
mod factor_attempts;
mod factor_resets;
mod factors;
mod fault;
mod first_account;
mod grant_rows;
mod grants;
mod imports;
mod invitations;
mod jobs;
mod keys;
mod link_limits;
mod links;
mod login_email;
mod login_failures;
mod new_users;
mod not_me;
mod open;
mod organizations;
mod outbox;
mod own_password;
mod passkeys;
mod passwords;
mod refresh;
mod revocation;
mod role_file;
mod roles;
mod rows;
mod session_ends;
mod session_rows;
mod sessions;
mod statement;
mod sweep;
mod tokens;
mod trusted_devices;
mod upstreams;
mod user_search;
mod usernames;
mod users;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use deadpool_postgres::{Pool, PoolError};

use self::{
    connection::{Connection, Mode},
    fault::{describe, not_done},
};
use crate::Result;

pub use self::{
    address::{Address, AddressError},
    open::{OpenError, is_new, migrate},
};

/// How long a verb waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many verbs wait for one, for each connection of the pool. Those beyond are refused at once.
const QUEUE: usize = 32;
/// Of a small pool: one connection serves 128 clients.
const SHORTEST_QUEUE: usize = 128;

/// What to open, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where PostgreSQL is.
    pub address: Address,
    /// Whether to apply pending migrations; if not, a database that has some is refused.
    pub migrate: bool,
    /// The connections of this node.
    pub connections: usize,
}

/// A store in a database of PostgreSQL.
pub struct PostgresStore {
    pool: Pool,
    prepares: bool,
    patience: Duration,
    queue: usize,
    /// Whether a write was refused for a reason that holds for all of them, and none has succeeded since.
    refuses_writes: Arc<AtomicBool>,
}

impl PostgresStore {
    /// Connects.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        open::open(options).await
    }

    /// A connection for one verb. The queue for one is bounded in length and time, so that a slow database is a fast 503.
    async fn connect(&self, mode: Mode) -> Result<Connection> {
        if self.pool.status().waiting >= self.queue {
            return Err(not_done(
                "too many requests wait for a connection to PostgreSQL",
            ));
        }
        let client = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => not_done(describe(&error)),
            PoolError::Timeout(_) => not_done("no connection to PostgreSQL became free in time"),
            error => not_done(error.to_string()),
        })?;
        Ok(Connection::new(client, mode, self))
    }
}
