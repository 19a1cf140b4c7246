//! Checkpoints: copies the log into the database on a separate thread, so that no commit waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;

use super::reader::Readers;

/// How often readers are released, and a checkpoint is considered.
const EVERY: Duration = Duration::from_millis(200);
/// A checkpoint waits for so many commits, or so many times [`EVERY`]: a page that many commits write is then copied once.
const COMMITS: u32 = 256;
const TURNS: u32 = 10;
/// A log of this many pages (64 MiB) is restarted from its beginning.
const LONG: i64 = 32_768;

/// State shared by the writer and the checkpoint thread.
pub(super) struct Checkpoints {
    /// Since the last checkpoint.
    commits: AtomicU32,
    finish: AtomicBool,
    /// Their open transactions keep the log from being restarted.
    readers: Arc<Readers>,
}

impl Checkpoints {
    pub(super) fn new(readers: Arc<Readers>) -> Self {
        Self {
            commits: AtomicU32::new(0),
            finish: AtomicBool::new(false),
            readers,
        }
    }

    pub(super) fn note_commit(&self) {
        self.readers.note_commit();
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether there is enough to copy after so many turns without a checkpoint. The count begins again when there is.
    fn is_due(&self, turns: u32) -> bool {
        let commits = self.commits.load(Ordering::Relaxed);
        let due = commits >= COMMITS || (commits > 0 && turns >= TURNS);
        if due {
            self.commits.store(0, Ordering::Relaxed);
        }
        due
    }

    /// Called by the writer between two batches. A log restarts only after all of it has been copied, which the checkpoint
    /// thread rarely achieves under load. So the writer copies the short rest itself when the log is long.
    pub(super) fn finish(&self, connection: &Connection) {
        if !self.finish.swap(false, Ordering::Relaxed) {
            return;
        }
        self.readers.release();
        if let Err(error) = checkpoint(connection) {
            tracing::warn!(%error, "a checkpoint failed");
        }
        // Reads that begin from here on read nothing from the log.
        self.readers.release();
    }
}

/// Copies what it can without waiting; returns the length of the log in pages.
fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row([], |row| row.get(1))
}

/// The thread. It ends when this is dropped.
pub(super) struct Checkpointer {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn spawn(
        connection: Connection,
        checkpoints: Arc<Checkpoints>,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let run = move || {
            let mut turns = 0;
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                checkpoints.readers.release();
                turns = u32::saturating_add(turns, 1);
                if checkpoints.is_due(turns) {
                    turns = 0;
                    pass(&connection, &checkpoints);
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("cardea-checkpoint".to_owned())
            .spawn(run)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

fn pass(connection: &Connection, checkpoints: &Checkpoints) {
    let outcome = checkpoint(connection).and_then(|pages| {
        if pages < LONG {
            return Ok(());
        }
        // Again, so that the rest left to the writer is short.
        checkpoints.readers.release();
        checkpoint(connection)?;
        checkpoints.finish.store(true, Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = outcome {
        tracing::warn!(%error, "a checkpoint failed");
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::sqlite::open;

    #[test]
    fn a_checkpoint_waits_for_many_commits_or_two_seconds() {
        let checkpoints = Checkpoints::new(Arc::new(Readers::new(Vec::new())));
        assert!(!checkpoints.is_due(TURNS), "nothing was committed");
        checkpoints.note_commit();
        assert!(!checkpoints.is_due(TURNS - 1));
        assert!(checkpoints.is_due(TURNS));
        assert!(!checkpoints.is_due(TURNS), "it was copied");
        for _ in 0..COMMITS {
            assert!(!checkpoints.is_due(1));
            checkpoints.note_commit();
        }
        assert!(checkpoints.is_due(1));
    }

    #[test]
    fn a_long_log_is_restarted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cardea.db");
        let mut opened = open::open(&path).unwrap();
        opened.migrate(true).unwrap();
        let writer = &opened.writer;
        let other = open::connect(&path).unwrap();
        let readers = Readers::new(vec![open::connect_reader(&path).unwrap()]);
        let checkpoints = Checkpoints::new(Arc::new(readers));
        let log = || {
            std::fs::metadata(folder.path().join("cardea.db-wal"))
                .unwrap()
                .len()
        };
        let write = |bytes: u32| {
            let sql = "INSERT INTO probe (filler) VALUES (zeroblob(?))";
            writer.execute(sql, [bytes]).unwrap();
        };

        write(1);
        pass(&other, &checkpoints);
        assert!(
            !checkpoints.finish.load(Ordering::Relaxed),
            "a short log is left"
        );
        write(68 << 20);
        pass(&other, &checkpoints);
        // Written by a busy writer before its turn.
        write(1);
        let rows =
            |db: &Connection| Ok(db.query_row("SELECT count(*) FROM probe", [], |_| Ok(()))?);
        checkpoints.readers.read(rows).unwrap();
        assert!(checkpoints.finish.load(Ordering::Relaxed));
        checkpoints.finish(writer);
        let long = log();
        for _ in 0..100 {
            write(1);
        }
        assert_eq!(log(), long, "it is written from its beginning");
    }
}
