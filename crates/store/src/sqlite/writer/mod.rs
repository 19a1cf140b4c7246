//! The writer thread. It takes all waiting commands, runs them in one transaction, commits once, then answers all (group
//! commit).

use std::{
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    checkpoint::Checkpoints,
    fault::{Fault, Severity, Verb, not_done, unknown},
    health::{Health, State},
    journal::Journal,
    queue::{Priority, Queue, Taken},
    reader::Readers,
    roles,
};
use crate::{Result, StoreError};

/// How often a write to a full disk is tried again.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How long the writer sleeps without commands.
const IDLE: Duration = Duration::from_secs(60);

/// What happens to the writes of a command that fails by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnError {
    /// The command is rolled back to its savepoint, and the rest of the batch goes on.
    RollBackCommand,
    /// The batch is lost. For commands that fail only before they write, or by a constraint that no request can violate: a
    /// savepoint would copy every page they touch for nothing.
    LoseBatch,
}

/// The outcome of one command inside a batch that goes on.
type CommandResult = Result<()>;

/// A queued command.
trait Command: Send {
    fn on_error(&self) -> OnError;
    /// Runs inside the transaction and keeps the result.
    fn run(&mut self, tx: &Connection) -> Verb<()>;
    /// Sends the kept result, which is committed now.
    fn succeed(self: Box<Self>);
    /// Sends the error.
    fn fail(self: Box<Self>, error: StoreError);
}

struct Pending<F, T> {
    on_error: OnError,
    verb: Option<F>,
    result: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Verb<T> + Send> Command for Pending<F, T> {
    fn on_error(&self) -> OnError {
        self.on_error
    }

    fn run(&mut self, tx: &Connection) -> Verb<()> {
        if let Some(verb) = self.verb.take() {
            self.result = Some(verb(tx)?);
        }
        Ok(())
    }

    fn succeed(self: Box<Self>) {
        // The caller may have hung up.
        if let Some(result) = self.result {
            let _ = self.reply.send(Ok(result));
        }
    }

    fn fail(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}

/// The handle of the writer. When dropped, it lets the writer finish what waits.
pub(super) struct Writer {
    queue: Arc<Queue<Box<dyn Command>>>,
    health: Arc<Health>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn spawn(
        journal: Box<dyn Journal>,
        health: Arc<Health>,
        readers: Arc<Readers>,
        checkpoints: Arc<Checkpoints>,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new());
        let writing = Writing {
            journal,
            health: health.clone(),
            queue: queue.clone(),
            readers,
            checkpoints,
        };
        let thread = std::thread::Builder::new()
            .name("cardea-store".to_owned())
            .spawn(move || writing.run())?;
        Ok(Self {
            queue,
            health,
            thread: Some(thread),
        })
    }

    /// Queues a command and waits until it is committed. A queued command runs even if the caller hangs up.
    pub(super) async fn write<T, F>(
        &self,
        priority: Priority,
        on_error: OnError,
        verb: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Verb<T> + Send + 'static,
    {
        self.health.check()?;
        let (reply, answer) = oneshot::channel();
        let command = Box::new(Pending {
            on_error,
            verb: Some(verb),
            result: None,
            reply,
        });
        if self.queue.push(command, priority).is_err() {
            metrics::counter!("cardea_store_queue_full_total").increment(1);
            return Err(not_done("too many writes are waiting"));
        }
        // The writer ends only when the store is dropped or has panicked.
        answer
            .await
            .unwrap_or_else(|_| Err(unknown("the writer has stopped")))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The state of the thread.
struct Writing {
    journal: Box<dyn Journal>,
    health: Arc<Health>,
    queue: Arc<Queue<Box<dyn Command>>>,
    readers: Arc<Readers>,
    checkpoints: Arc<Checkpoints>,
}

/// A batch that was not committed, and the answer to its callers.
struct LostBatch {
    state: State,
    answer: StoreError,
}

impl Writing {
    fn run(mut self) {
        let _guard = FailOnPanic {
            health: self.health.clone(),
            queue: self.queue.clone(),
        };
        loop {
            let full = self.health.state() == State::Full;
            match self.queue.take(if full { PROBE_EVERY } else { IDLE }) {
                Taken::Batch(batch) => {
                    let (requests, began) = (batch.len(), Instant::now());
                    self.batch(batch);
                    self.queue.note_batch(requests, began.elapsed());
                }
                // A job has no active callers.
                Taken::Job(job) => self.batch(vec![job]),
                Taken::Nothing => {}
                Taken::Closed => return,
            }
            if full && self.probe().is_ok() {
                self.health.set(State::Ready);
                tracing::info!("there is room on the disk again: the store writes");
            }
            self.checkpoints.finish(self.journal.connection());
        }
    }

    fn batch(&mut self, batch: Vec<Box<dyn Command>>) {
        if let Err(refusal) = self.health.check() {
            batch
                .into_iter()
                .for_each(|command| command.fail(refusal.clone()));
            return;
        }
        let len = batch.len();
        let mut done = Vec::with_capacity(len);
        let outcome = self.carry_out(batch, &mut done);
        metrics::histogram!("cardea_store_batch_size").record(len as f64);
        metrics::counter!("cardea_store_commands_total").increment(len as u64);
        if let Err(lost) = &outcome {
            if self.health.state() != lost.state {
                tracing::error!(state = ?lost.state, error = %lost.answer, "a batch was lost");
            }
            self.health.set(lost.state.clone());
        } else {
            self.note_roles();
            self.checkpoints.note_commit();
        }
        for (command, result) in done {
            match (&outcome, result) {
                (Err(lost), _) => command.fail(lost.answer.clone()),
                (Ok(()), Ok(())) => command.succeed(),
                (Ok(()), Err(error)) => command.fail(error),
            }
        }
    }

    /// Tells the readers which revision of the roles and groups was committed.
    fn note_roles(&self) {
        match roles::revision(self.journal.connection()) {
            Ok(revision) => self.readers.note_role_revision(revision),
            Err(error) => {
                tracing::error!(%error, "the revision of the roles can't be read, so they are read for each request");
                self.readers.note_role_revision(i64::MAX);
            }
        }
    }

    /// Runs a batch. All of its commands are in `done` afterwards, whatever happened; none has been answered yet.
    fn carry_out(
        &mut self,
        batch: Vec<Box<dyn Command>>,
        done: &mut Vec<(Box<dyn Command>, CommandResult)>,
    ) -> Result<(), LostBatch> {
        let mut outcome = self
            .journal
            .begin()
            .map_err(|e| self.lost_before_commit(&e));
        for mut command in batch {
            let result = match outcome {
                Ok(()) => self.one(command.as_mut()).unwrap_or_else(|lost| {
                    outcome = Err(lost);
                    Ok(())
                }),
                Err(_) => Ok(()),
            };
            done.push((command, result));
        }
        outcome?;
        let before = Instant::now();
        let committed = self.journal.commit();
        metrics::histogram!("cardea_store_commit_seconds").record(before.elapsed());
        committed.map_err(|e| self.lost_at_commit(&e))
    }

    /// Runs one command. The error loses the batch.
    fn one(&mut self, command: &mut dyn Command) -> Result<CommandResult, LostBatch> {
        let savepoint = command.on_error() == OnError::RollBackCommand;
        if savepoint {
            self.journal
                .savepoint()
                .map_err(|e| self.lost_before_commit(&e))?;
        }
        let before = self.journal.connection().total_changes();
        let fault = match command.run(self.journal.connection()) {
            Ok(()) if savepoint => {
                return self
                    .journal
                    .release()
                    .map(Ok)
                    .map_err(|e| self.lost_before_commit(&e));
            }
            Ok(()) => return Ok(Ok(())),
            Err(Fault::Sql(error)) => return Err(self.lost_before_commit(&error)),
            Err(Fault::Own(error)) => error,
        };
        // SQLite ended the transaction by itself: the earlier commands of this batch are lost too.
        if self.journal.is_autocommit() {
            return Err(lost_for_now(&fault));
        }
        if savepoint {
            return self
                .journal
                .rollback_to()
                .map(|()| Err(fault))
                .map_err(|e| self.lost_before_commit(&e));
        }
        if self.journal.connection().total_changes() == before {
            return Ok(Err(fault));
        }
        Err(match self.roll_back() {
            true => lost_for_now(&fault),
            false => lost_for_good(&fault),
        })
    }

    fn lost_before_commit(&mut self, error: &rusqlite::Error) -> LostBatch {
        let rolled_back = self.roll_back();
        match Severity::of(error) {
            Severity::Fatal => lost_for_good(error),
            _ if !rolled_back => lost_for_good(error),
            Severity::Full => LostBatch {
                state: State::Full,
                answer: not_done(error),
            },
            Severity::Command | Severity::Batch => lost_for_now(error),
        }
    }

    /// The answer is never that nothing was written: the log may hold the batch already, and recovery would apply it.
    fn lost_at_commit(&mut self, error: &rusqlite::Error) -> LostBatch {
        let rolled_back = self.roll_back();
        match Severity::of(error) {
            // A commit is where SQLite writes the log, so a full disk is noticed here. The transaction was rolled back, and the
            // next one overwrites what is left of it in the log.
            Severity::Full if rolled_back => LostBatch {
                state: State::Full,
                answer: unknown(error),
            },
            _ => lost_for_good(error),
        }
    }

    /// Ends the transaction, if one is open; returns whether none is left.
    fn roll_back(&mut self) -> bool {
        if self.journal.is_autocommit() {
            return true;
        }
        let outcome = self.journal.rollback();
        outcome.is_ok() && self.journal.is_autocommit()
    }

    /// Whether the disk has room: commits a few pages and deletes them again.
    fn probe(&mut self) -> rusqlite::Result<()> {
        for sql in [
            "INSERT INTO probe (filler) VALUES (zeroblob(16384))",
            "DELETE FROM probe",
        ] {
            let step = self.journal.begin();
            let step = step.and_then(|()| self.journal.connection().execute(sql, []));
            let step = step.and_then(|_| self.journal.commit());
            if let Err(error) = step {
                self.roll_back();
                return Err(error);
            }
        }
        Ok(())
    }
}

fn lost_for_now(error: &(impl ToString + ?Sized)) -> LostBatch {
    LostBatch {
        state: State::Ready,
        answer: not_done(error),
    }
}

fn lost_for_good(error: &(impl ToString + ?Sized)) -> LostBatch {
    LostBatch {
        state: State::Failed(error.to_string()),
        answer: unknown(error),
    }
}

/// If the writer panics, the store must not look ready, and no caller may wait for an answer for ever.
struct FailOnPanic {
    health: Arc<Health>,
    queue: Arc<Queue<Box<dyn Command>>>,
}

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let why = "the writer has panicked".to_owned();
            self.health.set(State::Failed(why));
            self.queue.abandon();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
