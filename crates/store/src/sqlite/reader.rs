//! Reads run where they are asked for, on a few small connections.

use std::{
    cell::Cell,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rusqlite::Connection;

use super::fault::{Fault, Verb, not_done};
use crate::Result;

/// The connections, each behind a mutex of its own; a thread always takes the same one.
pub(super) struct Readers {
    connections: Vec<Mutex<Connection>>,
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static MINE: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed));
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self {
            connections: connections.into_iter().map(Mutex::new).collect(),
        }
    }

    /// Reads, inline and without an await: an indexed read takes less time than a change of threads.
    pub(super) fn read<T>(&self, verb: impl FnOnce(&Connection) -> Verb<T>) -> Result<T> {
        let mine = MINE.get().checked_rem(self.connections.len()).unwrap_or(0);
        let Some(connection) = self.connections.get(mine) else {
            return Err(not_done("no connection to read from"));
        };
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        verb(&connection).map_err(|fault| match fault {
            Fault::Own(error) => error,
            Fault::Sql(error) => not_done(&error),
        })
    }
}
