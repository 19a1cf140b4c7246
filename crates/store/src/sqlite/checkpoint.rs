//! Checkpoints: copies the log into the database on a separate thread, so that no commit waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;

use super::reader::Readers;

const EVERY: Duration = Duration::from_millis(200);
/// A log of this many pages (64 MiB) is restarted from its beginning.
const LONG: i64 = 16_384;

/// State shared by the writer and the checkpoint thread.
pub(super) struct Checkpoints {
    committed: AtomicBool,
    finish: AtomicBool,
    /// Their open transactions keep the log from being restarted.
    readers: Arc<Readers>,
}

impl Checkpoints {
    pub(super) fn new(readers: Arc<Readers>) -> Self {
        Self {
            committed: AtomicBool::new(false),
            finish: AtomicBool::new(false),
            readers,
        }
    }

    pub(super) fn note_commit(&self) {
        self.readers.note_commit();
        self.committed.store(true, Ordering::Relaxed);
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
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                checkpoints.readers.release();
                if checkpoints.committed.swap(false, Ordering::Relaxed) {
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
