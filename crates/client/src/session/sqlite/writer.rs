//! The one thread that writes: it takes what waits, commits once, then answers.

use std::{
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::open::unavailable;
use crate::session::store::StoreUnavailable;

/// Steps that may wait, and the most that one transaction has.
pub(super) const QUEUE: usize = 256;

/// The way to the writer. Dropped, it lets the writer finish what waits.
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Step>>>,
    thread: Option<JoinHandle<()>>,
}

trait Step: Send {
    /// Runs inside of its savepoint and keeps the result.
    fn run(&mut self, db: &Connection) -> rusqlite::Result<()>;
    /// Answers the caller, which may be gone.
    fn answer(self: Box<Self>, outcome: Result<(), StoreUnavailable>);
}

struct Pending<F, T> {
    verb: Option<F>,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreUnavailable>>,
}

impl<T: Send, F: FnOnce(&Connection) -> rusqlite::Result<T> + Send> Step for Pending<F, T> {
    fn run(&mut self, db: &Connection) -> rusqlite::Result<()> {
        if let Some(verb) = self.verb.take() {
            self.result = Some(verb(db)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreUnavailable>) {
        let Self { result, reply, .. } = *self;
        let _ = reply.send(outcome.and_then(|()| result.ok_or_else(stopped)));
    }
}

impl Writer {
    pub(super) fn spawn(db: Connection) -> std::io::Result<Self> {
        let (queue, waiting) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("cardea-sessions".to_owned())
            .spawn(move || run(&db, &waiting))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Sends a step and waits until it is written down. Once it waits it runs, whether the caller still listens or not.
    pub(super) async fn write<T, F>(&self, verb: F) -> Result<T, StoreUnavailable>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let step = Box::new(Pending {
            verb: Some(verb),
            result: None,
            reply,
        });
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.try_send(step).map_err(|error| match error {
            TrySendError::Full(_) => StoreUnavailable("too many writes are waiting".to_owned()),
            TrySendError::Disconnected(_) => stopped(),
        })?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn stopped() -> StoreUnavailable {
    StoreUnavailable("the writer has stopped".to_owned())
}

fn run(db: &Connection, waiting: &Receiver<Box<dyn Step>>) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        batch.extend(waiting.try_iter().take(QUEUE - 1));
        carry_out(db, batch);
    }
}

fn carry_out(db: &Connection, mut batch: Vec<Box<dyn Step>>) {
    let mut outcomes = Vec::with_capacity(batch.len());
    let written = write_all(db, &mut batch, &mut outcomes).map_err(|error| {
        // What is left of it would be in the way of the next; SQLite may have ended it by itself.
        if !db.is_autocommit()
            && let Err(error) = db.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a batch of sessions could not be rolled back");
        }
        unavailable(&error)
    });
    let mut outcomes = outcomes.into_iter();
    for step in batch {
        let own = outcomes.next().unwrap_or(Ok(()));
        step.answer(written.clone().and(own));
    }
}

/// Runs each in a savepoint of one transaction: an error of one step costs that step, any other the batch.
fn write_all(
    db: &Connection,
    batch: &mut [Box<dyn Step>],
    outcomes: &mut Vec<Result<(), StoreUnavailable>>,
) -> rusqlite::Result<()> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    for step in batch {
        db.execute_batch("SAVEPOINT step")?;
        match step.run(db) {
            Ok(()) => outcomes.push(Ok(())),
            Err(error) if db.is_autocommit() => return Err(error),
            Err(error) => {
                db.execute_batch("ROLLBACK TO step")?;
                outcomes.push(Err(unavailable(&error)));
            }
        }
        db.execute_batch("RELEASE step")?;
    }
    db.execute_batch("COMMIT")
}
