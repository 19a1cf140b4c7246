use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cardea_store::sqlite::journal::{Journal, SqliteJournal};
use rusqlite::{Connection, Error, Result, ffi};

use crate::store::Place;

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
#[derive(Clone, Default)]
pub struct Faults {
    current: Arc<Mutex<Option<Fault>>>,
    /// The database of PostgreSQL, if the store is there.
    place: Option<Arc<Place>>,
}

impl Faults {
    /// For a database of PostgreSQL.
    pub(crate) fn of(place: Arc<Place>) -> Self {
        Self {
            place: Some(place),
            ..Self::default()
        }
    }

    /// From now on every write has this fault.
    ///
    /// # Panics
    /// On PostgreSQL, when it is one of a file.
    pub fn bring(&self, fault: Fault) {
        match self.place.as_deref() {
            Some(Place::Postgres { database, .. }) => database.fail_writes(match fault {
                Fault::Locked => "55P03",
                Fault::Full => "53100",
                Fault::Broken => panic!("a broken disk is a fault of a file: Builder::in_file"),
            }),
            _ => *self.current() = Some(fault),
        }
    }

    /// All is well again.
    pub fn mend(&self) {
        match self.place.as_deref() {
            Some(Place::Postgres { database, .. }) => database.mend(),
            _ => *self.current() = None,
        }
    }

    pub(crate) fn wrap(&self, inner: SqliteJournal) -> Box<dyn Journal> {
        let faults = self.clone();
        Box::new(Faulty { inner, faults })
    }

    fn current(&self) -> MutexGuard<'_, Option<Fault>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
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
