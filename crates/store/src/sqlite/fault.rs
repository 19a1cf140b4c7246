//! What can go wrong in a command, by what it costs.

use rusqlite::ErrorCode;

use crate::{NotDone, StoreError};

/// What stops a verb.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The command's own: the rest of its batch goes on.
    Own(StoreError),
    /// The database's: see [`Severity`].
    Sql(rusqlite::Error),
}

/// The result of a verb inside of its transaction.
pub(crate) type Verb<T> = Result<T, Fault>;

/// What an error of the database costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// The command.
    Command,
    /// The batch; nothing of it was written.
    Batch,
    /// The batch, and all writes until there is room again.
    Full,
    /// The store: nobody knows what the file holds now.
    Fatal,
}

impl Severity {
    pub(super) fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig) => Self::Command,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::SystemIoFailure) => Self::Fatal,
            _ => Self::Batch,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match Severity::of(&error) {
            Severity::Command => Self::Own(StoreError::Conflict(error.to_string())),
            _ => Self::Sql(error),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Own(error)
    }
}

/// Nothing was written.
pub(super) fn not_done(why: &(impl ToString + ?Sized)) -> StoreError {
    StoreError::Unavailable {
        done: NotDone::Sure,
        why: why.to_string(),
    }
}

/// It may have been written.
pub(super) fn unknown(why: &(impl ToString + ?Sized)) -> StoreError {
    StoreError::Unavailable {
        done: NotDone::Unknown,
        why: why.to_string(),
    }
}

/// Something is there already, or belongs to somebody else.
pub(super) fn conflict(why: impl Into<String>) -> Fault {
    Fault::Own(StoreError::Conflict(why.into()))
}
