//! SQLite, the embedded default (D5): one writer with group commit, reads on the calling thread.
//!
//! A tour: `open.rs` takes the lock, opens the file and migrates it; `writer.rs` takes commands from `queue.rs` and runs
//! them through `journal.rs`; `reader.rs` reads; `checkpoint.rs` copies the log into the database; `health.rs` holds
//! what the store can do. The verbs are in one file per subject, below the trait's implementation, and get a connection
//! inside a transaction; `rows.rs` decodes what they read.

mod account;
mod accounts;
mod audit;
mod checkpoint;
mod clients;
mod codes;
mod consents;
mod domains;
mod factor_attempts;
mod factor_resets;
mod factors;
mod fault;
mod first_account;
mod grant_rows;
mod grants;
mod health;
mod imports;
mod invitations;
mod jobs;
pub mod journal;
mod keys;
mod links;
mod lock;
mod login_email;
mod login_failures;
mod new_users;
mod not_me;
mod open;
mod organizations;
mod outbox;
mod own_password;
mod passkeys;
mod queue;
mod reader;
mod refresh;
mod revocation;
mod role_file;
mod roles;
mod rows;
mod session_rows;
mod sessions;
mod sweep;
mod tokens;
mod trusted_devices;
mod upgrade;
mod upstreams;
mod user_search;
mod usernames;
mod users;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::Connection;

use self::{
    checkpoint::{Checkpointer, Checkpoints},
    fault::Verb,
    health::Health,
    journal::{Journal, SqliteJournal},
    lock::Lock,
    queue::Priority,
    reader::Readers,
    writer::{OnError, Writer},
};
use crate::Result;

pub use self::{
    open::OpenError,
    upgrade::{MigrationCost, MigrationReport},
};

/// The largest number of read connections.
const READERS: usize = 8;

/// What to open, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database. It is created if it does not exist.
    pub path: PathBuf,
    /// Whether to apply pending migrations; if not, a database that has some is refused.
    pub migrate: bool,
}

/// A store in a SQLite file. When this is dropped, queued commands are written and the file is closed.
// Fields are dropped in this order: the lock is released last.
pub struct SqliteStore {
    writer: Writer,
    _checkpointer: Checkpointer,
    readers: Arc<Readers>,
    health: Arc<Health>,
    _lock: Lock,
}

impl SqliteStore {
    /// Opens the file and locks it.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        Self::open_with(options, |journal| Box::new(journal))
    }

    /// Opens the file with something between the writer and SQLite; for tests that inject faults.
    pub fn open_with(
        options: Options,
        wrap: impl FnOnce(SqliteJournal) -> Box<dyn Journal>,
    ) -> Result<Self, OpenError> {
        let Options { path, migrate } = options;
        let mut opened = open::open(&path)?;
        for name in opened.migrate(migrate)? {
            tracing::info!(migration = name, "the store was migrated");
        }
        let failed = |why: &dyn ToString| OpenError::File {
            path: path.clone(),
            why: why.to_string(),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let readers: rusqlite::Result<Vec<_>> = (0..cores.min(READERS))
            .map(|_| open::connect_reader(&path))
            .collect();
        let readers = Arc::new(Readers::new(readers.map_err(|e| failed(&e))?));
        readers.note_role_revision(roles::revision(&opened.writer).map_err(|e| failed(&e))?);
        let health = Arc::new(Health::new());
        let checkpoints = Arc::new(Checkpoints::new(readers.clone()));
        let connection = open::connect(&path).map_err(|e| failed(&e))?;
        let checkpointer =
            Checkpointer::spawn(connection, checkpoints.clone()).map_err(|e| failed(&e))?;
        let journal = wrap(SqliteJournal::new(opened.writer));
        let writer = Writer::spawn(journal, health.clone(), readers.clone(), checkpoints)
            .map_err(|e| failed(&e))?;
        Ok(Self {
            writer,
            _checkpointer: checkpointer,
            readers,
            health,
            _lock: opened.lock,
        })
    }

    /// Resolves with the reason when the store is no longer reliable: the process must end, and a new one open the file.
    pub fn failed(&self) -> impl Future<Output = String> + Send + use<> {
        self.health.failed()
    }

    fn read<T>(&self, verb: impl FnOnce(&Connection) -> Verb<T>) -> Result<T> {
        self.readers.read(verb)
    }

    async fn write<T, F>(&self, verb: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Verb<T> + Send + 'static,
    {
        let on_error = OnError::RollBackCommand;
        self.writer.write(Priority::Request, on_error, verb).await
    }

    /// A write that can fail by itself only before it has changed anything.
    async fn write_whole<T, F>(&self, verb: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Verb<T> + Send + 'static,
    {
        let on_error = OnError::LoseBatch;
        self.writer.write(Priority::Request, on_error, verb).await
    }

    async fn job<T, F>(&self, verb: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Verb<T> + Send + 'static,
    {
        let on_error = OnError::RollBackCommand;
        self.writer.write(Priority::Job, on_error, verb).await
    }
}

/// Applies pending migrations; returns their names.
pub fn migrate(path: &Path) -> Result<Vec<String>, OpenError> {
    open::open(path)?.migrate(true)
}

/// The same. What it takes is reported before it begins, and how far it is.
pub fn migrate_reporting(
    path: &Path,
    mut report: impl FnMut(MigrationReport) + Send,
) -> Result<Vec<String>, OpenError> {
    open::open(path)?.migrate_reporting(true, &mut report)
}
