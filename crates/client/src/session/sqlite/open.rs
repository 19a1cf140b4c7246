use std::{fs::OpenOptions, io, path::Path};

use rusqlite::{Connection, OpenFlags};

use crate::session::store::StoreUnavailable;

/// One step a version; the number of those applied is the file's `user_version`.
const MIGRATIONS: [&str; 1] = [include_str!("v1.sql")];

/// Why the file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be made or read.
    #[error("the session file can't be opened: {0}")]
    File(#[source] io::Error),
    /// SQLite refused it.
    #[error("the session file can't be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A database, but of something else.
    #[error("the file is a database that holds something else than sessions")]
    Foreign,
    /// Written by a newer version of this program.
    #[error(
        "the session file has version {0}, newer than this program; sessions may be dropped: remove the file"
    )]
    Newer(u32),
}

pub(super) fn writer(path: &Path) -> Result<Connection, OpenError> {
    make_private(path).map_err(OpenError::File)?;
    let mut db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    prepare(&db)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    migrate(&mut db)?;
    Ok(db)
}

pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    prepare(&db)?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

/// SQLite would make it readable to all; its companions get the rights of the file itself.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "PRAGMA busy_timeout = 5000;
         PRAGMA synchronous = FULL;
         PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -2048;",
    )
}

fn migrate(db: &mut Connection) -> Result<(), OpenError> {
    // Immediate: two processes that start together migrate one after the other.
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: u32 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if version == 0 && tables > 0 {
        return Err(OpenError::Foreign);
    }
    let mut at = 0;
    for step in MIGRATIONS {
        at += 1;
        if version < at {
            tx.execute_batch(step)?;
        }
    }
    if version > at {
        return Err(OpenError::Newer(version));
    }
    tx.pragma_update(None, "user_version", at)?;
    tx.commit()?;
    Ok(())
}

pub(super) fn unavailable(error: &rusqlite::Error) -> StoreUnavailable {
    StoreUnavailable(error.to_string())
}
