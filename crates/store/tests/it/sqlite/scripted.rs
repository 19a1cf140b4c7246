//! A journal that does what a test says.

use std::sync::{Arc, Condvar, Mutex};

use cardea_store::sqlite::{
    Options, SqliteStore,
    journal::{Journal, SqliteJournal},
};
use cardea_testkit::until;
use rusqlite::{Connection, Error, Result, ffi};

/// A step of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    Savepoint,
    Release,
    Commit,
}

/// The code of a fault that is a panic.
pub(crate) const PANIC: i32 = -1;

/// What the test says, and what was seen.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    /// The next such step fails with this code.
    fault: Option<(Step, i32)>,
    /// Not the next commit: that is the batch before.
    spared: bool,
    /// Where the writer is to wait.
    held: Option<Step>,
    /// Whether it waits there.
    waiting: bool,
    /// The next time it is asked, the transaction has ended by itself.
    vanish: bool,
    max_pages: Option<u32>,
    commits: usize,
}

impl Script {
    pub(crate) fn open(&self, options: Options) -> Arc<SqliteStore> {
        let script = self.clone();
        let wrap = |inner| -> Box<dyn Journal> { Box::new(Scripted { inner, script }) };
        Arc::new(SqliteStore::open_with(options, wrap).unwrap())
    }

    pub(crate) fn fail(&self, step: Step, code: i32) {
        self.with(|state| state.fault = Some((step, code)));
    }

    pub(crate) fn vanish(&self) {
        self.with(|state| state.vanish = true);
    }

    /// From the next batch on.
    pub(crate) fn max_pages(&self, pages: u32) {
        self.with(|state| state.max_pages = Some(pages));
    }

    pub(crate) fn commits(&self) -> usize {
        self.with(|state| state.commits)
    }

    /// Holds the writer at a step, until [`Script::go_on`].
    pub(crate) fn hold(&self, step: Step) {
        self.with(|state| state.held = Some(step));
    }

    pub(crate) fn go_on(&self) {
        self.with(|state| state.held = None);
        self.0.1.notify_all();
    }

    /// Lets the writer commit what it was held at, and has the fault ready for the next batch.
    pub(crate) fn after_commit(&self, fault: impl FnOnce(&Self)) {
        fault(self);
        self.with(|state| state.spared = true);
        self.go_on();
    }

    /// Waits until the writer is held.
    pub(crate) async fn held(&self) {
        until("the writer is held", || self.with(|state| state.waiting)).await;
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.0.lock().unwrap())
    }

    fn pass(&self, step: Step) -> Result<()> {
        let mut state = self.0.0.lock().unwrap();
        while state.held == Some(step) {
            state.waiting = true;
            state = self.0.1.wait(state).unwrap();
        }
        state.waiting = false;
        if step == Step::Commit && std::mem::take(&mut state.spared) {
            return Ok(());
        }
        match state.fault {
            Some((at, code)) if at == step => {
                state.fault = None;
                drop(state);
                assert!(code != PANIC, "scripted");
                Err(Error::SqliteFailure(
                    ffi::Error::new(code),
                    Some("scripted".to_owned()),
                ))
            }
            _ => Ok(()),
        }
    }
}

struct Scripted {
    inner: SqliteJournal,
    script: Script,
}

impl Journal for Scripted {
    fn connection(&self) -> &Connection {
        self.inner.connection()
    }

    fn begin(&mut self) -> Result<()> {
        self.script.pass(Step::Begin)?;
        if let Some(pages) = self.script.with(|state| state.max_pages) {
            let set = format!("PRAGMA max_page_count = {pages}");
            self.inner.connection().query_row(&set, [], |_| Ok(()))?;
        }
        self.inner.begin()
    }

    fn savepoint(&mut self) -> Result<()> {
        self.script.pass(Step::Savepoint)?;
        self.inner.savepoint()
    }

    fn release(&mut self) -> Result<()> {
        self.script.pass(Step::Release)?;
        self.inner.release()
    }

    fn rollback_to(&mut self) -> Result<()> {
        self.inner.rollback_to()
    }

    fn commit(&mut self) -> Result<()> {
        self.script.pass(Step::Commit)?;
        self.script.with(|state| state.commits += 1);
        self.inner.commit()
    }

    fn rollback(&mut self) -> Result<()> {
        self.inner.rollback()
    }

    fn is_autocommit(&self) -> bool {
        if self.script.with(|state| std::mem::take(&mut state.vanish)) {
            self.inner.connection().execute_batch("ROLLBACK").unwrap();
        }
        self.inner.is_autocommit()
    }
}
