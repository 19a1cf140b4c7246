//! Rows in SQLite with `synchronous=FULL`: one writer with group commit, reads in the calling thread.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

const BATCH: usize = 256;
/// The time that the writer waits for more commands, as Cardea's does.
const LINGER: Duration = Duration::from_micros(200);
const CHECKPOINT_EVERY: Duration = Duration::from_millis(200);

struct Rotation {
    row: i64,
    reply: oneshot::Sender<bool>,
}

pub(crate) struct Rows {
    writer: Sender<Rotation>,
    path: PathBuf,
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

impl Rows {
    /// Makes the file with this number of rows.
    pub(crate) fn open(path: &Path, rows: u32) -> rusqlite::Result<Self> {
        let mut connection = connect(path)?;
        connection.execute_batch(
            "CREATE TABLE grants (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, rotated_at INTEGER NOT NULL,
                 filler TEXT NOT NULL) STRICT",
        )?;
        let fill = connection.transaction()?;
        for row in 0..rows {
            // The size of a grant of Cardea.
            fill.execute(
                "INSERT INTO grants VALUES (?, 0, 0, printf('%400s', ''))",
                [row],
            )?;
        }
        fill.commit()?;
        let checkpoints = connect(path)?;
        std::thread::spawn(move || checkpoint(&checkpoints));
        let (writer, waiting) = channel();
        std::thread::spawn(move || write(&mut connection, &waiting));
        Ok(Self {
            writer,
            path: path.to_owned(),
        })
    }

    /// Writes one rotation; true once it is on the disk.
    pub(crate) async fn rotate(&self, row: i64) -> bool {
        let (reply, written) = oneshot::channel();
        self.writer.send(Rotation { row, reply }).is_ok() && written.await.unwrap_or(false)
    }

    /// The generation of a row.
    pub(crate) fn read(&self, row: i64) -> Option<i64> {
        READER.with_borrow_mut(|reader| {
            if reader.is_none() {
                *reader = connect(&self.path).ok();
            }
            let mut statement = reader
                .as_ref()?
                .prepare_cached("SELECT generation FROM grants WHERE id = ?")
                .ok()?;
            statement.query_row([row], |row| row.get(0)).ok()
        })
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -4096;",
    )?;
    Ok(connection)
}

/// Takes the queued commands, writes them in one transaction, and answers after the commit.
fn write(connection: &mut Connection, waiting: &Receiver<Rotation>) {
    let mut busy = false;
    while let Ok(first) = waiting.recv() {
        if busy {
            std::thread::sleep(LINGER);
        }
        let batch: Vec<Rotation> = std::iter::once(first)
            .chain(waiting.try_iter().take(BATCH - 1))
            .collect();
        busy = batch.len() > 1;
        let written = commit(connection, &batch).is_ok();
        for rotation in batch {
            let _ = rotation.reply.send(written);
        }
    }
}

fn commit(connection: &mut Connection, batch: &[Rotation]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for rotation in batch {
        transaction
            .prepare_cached(
                "UPDATE grants SET generation = generation + 1, rotated_at = rotated_at + 1 WHERE id = ?",
            )?
            .execute([rotation.row])?;
    }
    transaction.commit()
}

fn checkpoint(connection: &Connection) {
    loop {
        std::thread::sleep(CHECKPOINT_EVERY);
        // The rest is moved the next time.
        let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    }
}
