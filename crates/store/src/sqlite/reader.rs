//! Reads run where they are asked for, on a few small connections.

use std::{
    cell::Cell,
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use rusqlite::Connection;

use super::fault::{Fault, Verb, not_done};
use crate::Result;

/// The connections, each behind a mutex of its own; a thread always takes the same one.
pub(super) struct Readers {
    readers: Vec<Mutex<Reader>>,
    commits: AtomicU64,
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
        }
    }

    /// Reads, inline and without an await: an indexed read takes less time than a change of threads.
    pub(super) fn read<T>(&self, verb: impl FnOnce(&Connection) -> Verb<T>) -> Result<T> {
        let mine = MINE.get().checked_rem(self.readers.len()).unwrap_or(0);
        let Some(reader) = self.readers.get(mine) else {
            return Err(not_done("no connection to read from"));
        };
        let mut reader = lock(reader);
        // Before the transaction begins: it may see more than these, never less.
        let commits = self.commits.load(Ordering::Acquire);
        let outcome = reader
            .see(commits)
            .map_err(Fault::Sql)
            .and_then(|()| verb(&reader.connection));
        outcome.map_err(|fault| match fault {
            Fault::Own(error) => error,
            Fault::Sql(error) => {
                reader.let_go();
                not_done(&error)
            }
        })
    }

    /// The writer's, after a commit and before anybody hears of it: who has an answer finds what it tells of.
    pub(super) fn note_commit(&self) {
        self.commits.fetch_add(1, Ordering::Release);
    }

    /// Ends the transactions that are open, so that the log may begin anew. A read that is under way is left alone: nobody waits
    /// for it, the writer least of all.
    pub(super) fn let_go(&self) {
        for reader in &self.readers {
            match reader.try_lock() {
                Ok(mut reader) => reader.let_go(),
                Err(TryLockError::Poisoned(reader)) => reader.into_inner().let_go(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
    }
}

fn lock(reader: &Mutex<Reader>) -> MutexGuard<'_, Reader> {
    reader.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection whose transaction stays open until something has been committed: to begin one takes locks in the file, and
/// would throw away the pages that were read, whatever they hold.
struct Reader {
    connection: Connection,
    /// The commits that the open transaction sees.
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
        self.let_go();
        self.step("BEGIN")?;
        self.sees = Some(commits);
        Ok(())
    }

    fn let_go(&mut self) {
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
    fn a_read_sees_all_that_was_noted_and_nothing_is_held_after_letting_go() {
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
        assert_eq!(pages(&readers), 0, "one transaction, as nothing was noted");
        readers.note_commit();
        assert_eq!(pages(&readers), 1);
        write();
        readers.let_go();
        assert_eq!(pages(&readers), 2);
        let under_way = lock(&readers.readers[0]);
        readers.let_go();
        assert!(!under_way.connection.is_autocommit(), "nobody waits for it");
        drop(under_way);
        readers.let_go();
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
