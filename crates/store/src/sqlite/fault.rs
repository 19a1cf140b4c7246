//! Errors of a command, by what they affect.

use rusqlite::ErrorCode;

use crate::{Constraint, NotDone, StoreError};

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It affects only this command: the rest of its batch goes on.
    Own(StoreError),
    /// An error of the database: see [`Severity`].
    Sql(rusqlite::Error),
}

/// The result of a verb inside of its transaction.
pub(crate) type Verb<T> = Result<T, Fault>;

/// What an error of the database affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// The command.
    Command,
    /// The batch; nothing of it was written.
    Batch,
    /// The batch, and all writes until there is room again.
    Full,
    /// The store: the content of the file is unknown.
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
            Severity::Command => Self::Own(broken(&error)),
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

/// The command contradicts what is stored.
pub(super) fn conflict(constraint: Constraint) -> Fault {
    Fault::Own(StoreError::conflict(constraint))
}

/// The constraint that SQLite names: `UNIQUE constraint failed: users.username_key`. Any other one is a rule of the schema
/// that no correct command breaks.
fn broken(error: &rusqlite::Error) -> StoreError {
    let message = error.to_string();
    let Some((_, columns)) = message.split_once("UNIQUE constraint failed: ") else {
        return StoreError::rejected(message);
    };
    StoreError::conflict(match columns {
        "users.username_key" => Constraint::UserName,
        "users.login_email" => Constraint::Email,
        "users.subject" => Constraint::Subject,
        "clients.client_id" => Constraint::ClientId,
        "index 'roles_by_name'" => Constraint::RoleName,
        "user_groups.name" => Constraint::GroupName,
        "organizations.org_id" => Constraint::OrganizationId,
        "organizations.name_key" => Constraint::OrganizationName,
        "organization_domains.domain" => Constraint::OrganizationDomain,
        "organization_members.user_key, organization_members.org_key" => Constraint::Member,
        "signing_keys.kid" | "signing_keys.algorithm" => Constraint::KeyRing,
        _ => Constraint::Identifier,
    })
}
