//! The interface between the writer and SQLite's transactions, where tests inject faults.

use rusqlite::{Connection, Result};

/// The steps of a batch.
pub trait Journal: Send {
    /// The connection on which commands run.
    fn connection(&self) -> &Connection;
    /// Begins a batch.
    fn begin(&mut self) -> Result<()>;
    /// Begins a command.
    fn savepoint(&mut self) -> Result<()>;
    /// Keeps the command.
    fn release(&mut self) -> Result<()>;
    /// Rolls the command back.
    fn rollback_to(&mut self) -> Result<()>;
    /// Commits the batch.
    fn commit(&mut self) -> Result<()>;
    /// Rolls the batch back.
    fn rollback(&mut self) -> Result<()>;
    /// Whether no transaction is open: SQLite ends one by itself after some errors.
    fn is_autocommit(&self) -> bool;
}

/// SQLite's own transactions.
pub struct SqliteJournal(Connection);

impl SqliteJournal {
    pub(super) fn new(connection: Connection) -> Self {
        Self(connection)
    }

    fn step(&self, sql: &str) -> Result<()> {
        self.0.prepare_cached(sql)?.execute([]).map(drop)
    }
}

impl Journal for SqliteJournal {
    fn connection(&self) -> &Connection {
        &self.0
    }

    fn begin(&mut self) -> Result<()> {
        self.step("BEGIN IMMEDIATE")
    }

    fn savepoint(&mut self) -> Result<()> {
        self.step("SAVEPOINT command")
    }

    fn release(&mut self) -> Result<()> {
        self.step("RELEASE command")
    }

    fn rollback_to(&mut self) -> Result<()> {
        self.step("ROLLBACK TO command")?;
        self.release()
    }

    fn commit(&mut self) -> Result<()> {
        self.step("COMMIT")
    }

    fn rollback(&mut self) -> Result<()> {
        self.step("ROLLBACK")
    }

    fn is_autocommit(&self) -> bool {
        self.0.is_autocommit()
    }
}
