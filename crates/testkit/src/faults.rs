use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cardea_store::sqlite::journal::{Journal, SqliteJournal};
use rusqlite::{Connection, Error, Result, ffi};

/// What is wrong with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Somebody else holds the file.
    Locked,
    /// The disk is full.
    Full,
    /// The disk fails as a batch is written down: nobody knows whether it was.
    Broken,
}

/// Brings trouble to a store, and takes it away.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Option<Fault>>>);

impl Faults {
    /// From now on every write has this fault.
    pub fn bring(&self, fault: Fault) {
        *self.current() = Some(fault);
    }

    /// All is well again.
    pub fn mend(&self) {
        *self.current() = None;
    }

    pub(crate) fn wrap(&self, inner: SqliteJournal) -> Box<dyn Journal> {
        let faults = self.clone();
        Box::new(Faulty { inner, faults })
    }

    fn current(&self) -> MutexGuard<'_, Option<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail_with(&self, codes: &[(Fault, i32)]) -> Result<()> {
        let current = *self.current();
        match codes.iter().find(|(fault, _)| Some(*fault) == current) {
            Some((_, code)) => Err(Error::SqliteFailure(ffi::Error::new(*code), None)),
            None => Ok(()),
        }
    }
}

struct Faulty {
    inner: SqliteJournal,
    faults: Faults,
}

impl Journal for Faulty {
    fn connection(&self) -> &Connection {
        self.inner.connection()
    }

    fn begin(&mut self) -> Result<()> {
        let codes = [
            (Fault::Locked, ffi::SQLITE_BUSY),
            (Fault::Full, ffi::SQLITE_FULL),
        ];
        self.faults.fail_with(&codes)?;
        self.inner.begin()
    }

    fn savepoint(&mut self) -> Result<()> {
        self.inner.savepoint()
    }

    fn release(&mut self) -> Result<()> {
        self.inner.release()
    }

    fn rollback_to(&mut self) -> Result<()> {
        self.inner.rollback_to()
    }

    fn commit(&mut self) -> Result<()> {
        self.faults
            .fail_with(&[(Fault::Broken, ffi::SQLITE_IOERR)])?;
        self.inner.commit()
    }

    fn rollback(&mut self) -> Result<()> {
        self.inner.rollback()
    }

    fn is_autocommit(&self) -> bool {
        self.inner.is_autocommit()
    }
}
