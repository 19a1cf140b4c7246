//! Opening the file: its owner, its settings and its schema.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::{
    lock::{self, Lock},
    upgrade::{self, MigrationCost, MigrationReport},
    usernames,
};

/// "CARD", in the header of the file.
const APPLICATION_ID: i64 = 0x4341_5244;
/// In bytes, of a new file; a file keeps the size it has. A login writes some twelve pages whatever their size, and a row of
/// Cardea has well under a thousand bytes.
const PAGE_SIZE: i64 = 2048;

mod embedded {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::unwrap_used,
        reason = "written by the macro"
    )]
    refinery::embed_migrations!("migrations/sqlite");
}

/// Why a file was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by {}; stop it first", path.display(), match pid { Some(pid) => format!("process {pid}"), None => "another process".to_owned() })]
    InUse {
        /// The database.
        path: PathBuf,
        /// The owner, if it could be read.
        pid: Option<u32>,
    },
    /// A newer Cardea wrote it.
    #[error("{} has schema {found}, and this version of Cardea knows {known}: use the version that wrote it or a newer one", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// It is not up to date, and migrations were not allowed.
    #[error("{} needs {} migration(s): run `cardea migrate`", path.display(), pending)]
    Pending {
        /// The database.
        path: PathBuf,
        /// How many.
        pending: usize,
    },
    /// The disk has too little room for pending migrations. Nothing was changed.
    #[error("the disk is too full to migrate, and nothing was changed: {0}")]
    Space(MigrationCost),
    /// Another program's database.
    #[error("{} is a database of another program", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// SQLite can't read it.
    #[error("{} is damaged or not a database: {why}; restore a backup", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// The message of SQLite.
        why: String,
    },
    /// It can't be opened or written.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        why: String,
    },
}

/// The database to open, with the lock on it.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) writer: Connection,
    pub(super) lock: Lock,
}

/// Takes the lock, opens the file (created if it does not exist) and checks that it belongs to Cardea.
pub(super) fn open(path: &Path) -> Result<Opened, OpenError> {
    let lock = Lock::take(path)?;
    let made = lock::private()
        .read(true)
        .append(true)
        .create(true)
        .open(path);
    made.map_err(|e| OpenError::File {
        path: path.to_owned(),
        why: e.to_string(),
    })?;
    let writer = connect(path).map_err(|e| failure(path, &e))?;
    if !is_ours(&writer).map_err(|e| failure(path, &e))? {
        let path = path.to_owned();
        return Err(OpenError::Foreign { path });
    }
    let sized = writer.pragma_update(None, "page_size", PAGE_SIZE);
    sized.map_err(|e| failure(path, &e))?;
    let wal = writer.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()));
    wal.map_err(|e| failure(path, &e))?;
    Ok(Opened {
        path: path.to_owned(),
        writer,
        lock,
    })
}

/// Whether the file has our mark or is empty. Only refinery's own table may exist after an interrupted first migration.
fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let others = "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'refinery_schema_history'";
    let others: i64 = connection.query_row(others, [], |row| row.get(0))?;
    Ok(id == APPLICATION_ID || (id == 0 && others == 0))
}

impl Opened {
    /// Applies pending migrations, or fails if there are any; returns the names of those applied. What it costs goes to the log.
    pub(super) fn migrate(&mut self, apply: bool) -> Result<Vec<String>, OpenError> {
        self.migrate_reporting(apply, &mut |report| tracing::info!("{report}"))
    }

    /// The same, with the reports of a migration that copies a table.
    pub(super) fn migrate_reporting(
        &mut self,
        apply: bool,
        report: &mut (dyn FnMut(MigrationReport) + Send),
    ) -> Result<Vec<String>, OpenError> {
        let runner = embedded::migrations::runner().set_grouped(true);
        let known: Vec<u32> = runner
            .get_migrations()
            .iter()
            .map(|m| version(m.version()))
            .collect();
        let newest = known.iter().copied().max().unwrap_or(0);
        let applied = applied(&self.writer).map_err(|e| failure(&self.path, &e))?;
        let found = applied.iter().copied().max().unwrap_or(0);
        if found > newest {
            return Err(OpenError::Newer {
                path: self.path.clone(),
                found,
                known: newest,
            });
        }
        let pending = known.into_iter().filter(|one| !applied.contains(one));
        let pending: Vec<u32> = pending.collect();
        if pending.is_empty() {
            return self.run(&runner);
        }
        if !apply {
            return Err(OpenError::Pending {
                path: self.path.clone(),
                pending: pending.len(),
            });
        }
        let cost = MigrationCost::of(&self.writer, &self.path, &pending)
            .map_err(|e| failure(&self.path, &e))?;
        let Some(cost) = cost else {
            return self.run(&runner);
        };
        if cost.is_too_large() {
            return Err(OpenError::Space(cost));
        }
        report(MigrationReport::Begins(cost.clone()));
        upgrade::watched(&cost, report, || {
            let names = self.run(&runner)?;
            // Otherwise the log would keep its length until the process ends.
            self.writer
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .map_err(|e| failure(&self.path, &e))?;
            Ok(names)
        })
    }

    fn run(&mut self, runner: &refinery::Runner) -> Result<Vec<String>, OpenError> {
        let report = runner.run(&mut self.writer).map_err(|e| {
            let cause = std::error::Error::source(&e).and_then(|cause| cause.downcast_ref());
            cause.map_or_else(
                || OpenError::Damaged {
                    path: self.path.clone(),
                    why: e.to_string(),
                },
                |cause| failure(&self.path, cause),
            )
        })?;
        usernames::prepare(&mut self.writer).map_err(|e| failure(&self.path, &e))?;
        let names = report.applied_migrations().iter();
        Ok(names.map(ToString::to_string).collect())
    }
}

fn version(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// The versions of the migrations that were applied.
fn applied(connection: &Connection) -> rusqlite::Result<Vec<u32>> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    if connection.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare("SELECT version FROM refinery_schema_history")?;
    let versions = statement.query_map([], |row| row.get(0).map(version))?;
    versions.collect()
}

fn failure(path: &Path, error: &rusqlite::Error) -> OpenError {
    let (path, why) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged { path, why }
        }
        _ => OpenError::File { path, why },
    }
}

/// A connection that writes.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // FULL: a commit is on the disk before it is answered. Checkpoints are made by `checkpoint.rs`, never by a commit.
    connection.execute_batch(
        "PRAGMA busy_timeout = 5000;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA mmap_size = 0;
         PRAGMA cache_size = -4096;",
    )?;
    // A plan must not depend on bound values: otherwise SQLite prepares a cached statement again whenever another value is
    // bound, which was two thirds of the work of a rotation.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// A connection that only reads, with a small cache: there is one for each core.
pub(super) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -2048;")?;
    Ok(connection)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_new_file_has_small_pages_and_an_old_one_keeps_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let size = |name: &str| {
            let path = folder.path().join(name);
            open(&path).unwrap().migrate(true).unwrap();
            let size = connect(&path).unwrap();
            size.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))
                .unwrap()
        };
        assert_eq!(size("new.db"), PAGE_SIZE);
        let old = Connection::open(folder.path().join("old.db")).unwrap();
        old.execute_batch("PRAGMA page_size = 4096; CREATE TABLE refinery_schema_history (version INT4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255))")
            .unwrap();
        drop(old);
        assert_eq!(size("old.db"), 4096);
    }

    #[test]
    fn a_cached_statement_is_not_prepared_again_for_another_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cardea.db");
        assert!(!open(&path).unwrap().migrate(true).unwrap().is_empty());
        let connection = connect(&path).unwrap();
        let sql = "SELECT g.grant_id FROM grants g JOIN sessions s ON s.session_key = g.session_key
                   WHERE g.refresh_token_id = ? AND s.ended_at IS NULL";
        for id in [[1_u8; 16], [2; 16], [3; 16]] {
            let mut statement = connection.prepare_cached(sql).unwrap();
            assert!(!statement.exists([id]).unwrap());
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}
