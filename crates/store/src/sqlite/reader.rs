//! Reads run on the calling thread, on a few small connections.

use std::{
    cell::Cell,
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
};

use rusqlite::Connection;

use super::fault::{Fault, Verb, not_done};
use crate::Result;

/// The connections, each behind its own mutex. A thread always uses the same one.
pub(super) struct Readers {
    readers: Vec<Mutex<Reader>>,
    commits: AtomicU64,
    /// Of the roles and groups. A connection drops its pages at each commit, so a row of its own would be copied for each request.
    role_revision: AtomicI64,
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static MINE: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed));
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self {
            readers: connections.into_iter().map(Reader::new).collect(),
            commits: AtomicU64::new(0),
            role_revision: AtomicI64::new(0),
        }
    }

    pub(super) fn role_revision(&self) -> i64 {
        self.role_revision.load(Ordering::Acquire)
    }

    /// Called by the writer before [`note_commit`](Self::note_commit).
    pub(super) fn note_role_revision(&self, revision: i64) {
        self.role_revision.store(revision, Ordering::Release);
    }

    /// Reads inline, without an await: an indexed read takes less time than switching threads.
    pub(super) fn read<T>(&self, verb: impl FnOnce(&Connection) -> Verb<T>) -> Result<T> {
        let mine = MINE.get().checked_rem(self.readers.len()).unwrap_or(0);
        let Some(reader) = self.readers.get(mine) else {
            return Err(not_done("no connection to read from"));
        };
        let mut reader = lock(reader);
        // Read before the transaction begins: it may see more commits than these, never fewer.
        let commits = self.commits.load(Ordering::Acquire);
        let outcome = reader
            .see(commits)
            .map_err(Fault::Sql)
            .and_then(|()| verb(&reader.connection));
        outcome.map_err(|fault| match fault {
            Fault::Own(error) => error,
            Fault::Sql(error) => {
                reader.release();
                not_done(&error)
            }
        })
    }

    /// Called by the writer after a commit and before its commands are answered, so that callers read their own writes.
    pub(super) fn note_commit(&self) {
        self.commits.fetch_add(1, Ordering::Release);
    }

    /// Ends open transactions, so that the log can be restarted. A read in progress is skipped: the writer never waits for it.
    pub(super) fn release(&self) {
        for reader in &self.readers {
            match reader.try_lock() {
                Ok(mut reader) => reader.release(),
                Err(TryLockError::Poisoned(reader)) => reader.into_inner().release(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
    }
}

fn lock(reader: &Mutex<Reader>) -> MutexGuard<'_, Reader> {
    reader.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection whose transaction stays open until something is committed: beginning one takes file locks and drops all
/// cached pages.
struct Reader {
    connection: Connection,
    /// The number of commits that the open transaction sees.
    sees: Option<u64>,
}

impl Reader {
    fn new(connection: Connection) -> Mutex<Self> {
        Mutex::new(Self {
            connection,
            sees: None,
        })
    }

    fn see(&mut self, commits: u64) -> rusqlite::Result<()> {
        if self.sees == Some(commits) {
            return Ok(());
        }
        self.release();
        self.step("BEGIN")?;
        self.sees = Some(commits);
        Ok(())
    }

    fn release(&mut self) {
        self.sees = None;
        if !self.connection.is_autocommit()
            && let Err(error) = self.step("COMMIT")
        {
            tracing::warn!(%error, "a read did not end");
        }
    }

    fn step(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::sqlite::open;

    fn pages(readers: &Readers) -> i64 {
        let count =
            |db: &Connection| Ok(db.query_row("SELECT count(*) FROM probe", [], |row| row.get(0))?);
        readers.read(count).unwrap()
    }

    #[test]
    fn a_read_sees_every_noted_commit_and_a_release_ends_its_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cardea.db");
        let mut opened = open::open(&path).unwrap();
        opened.migrate(true).unwrap();
        let readers = Readers::new(vec![open::connect_reader(&path).unwrap()]);
        let write = || {
            let sql = "INSERT INTO probe (filler) VALUES (x'00')";
            opened.writer.execute(sql, []).unwrap();
        };
        assert_eq!(pages(&readers), 0);
        write();
        assert_eq!(
            pages(&readers),
            0,
            "the same transaction, as no commit was noted"
        );
        readers.note_commit();
        assert_eq!(pages(&readers), 1);
        write();
        readers.release();
        assert_eq!(pages(&readers), 2);
        let in_progress = lock(&readers.readers[0]);
        readers.release();
        assert!(!in_progress.connection.is_autocommit(), "it is skipped");
        drop(in_progress);
        readers.release();
        assert!(lock(&readers.readers[0]).connection.is_autocommit());
    }

    #[test]
    fn an_error_of_the_database_ends_the_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cardea.db");
        open::open(&path).unwrap().migrate(true).unwrap();
        let readers = Readers::new(vec![open::connect_reader(&path).unwrap()]);
        assert_eq!(pages(&readers), 0);
        let broken = readers.read(|db| Ok(db.execute("SELECT nonsense", [])?));
        assert!(broken.is_err());
        assert!(lock(&readers.readers[0]).connection.is_autocommit());
        assert_eq!(pages(&readers), 0);
    }
}
