//! Errors of a verb, by what they affect.

use tokio_postgres::{Error, error::SqlState};

use crate::{Constraint, NotDone, StoreError};

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum Fault {
    /// An answer of the verb: it contradicts what is stored, or a row is corrupt.
    Own(StoreError),
    /// Another transaction won: nothing was written, and the verb runs again.
    Retry(Error),
    /// PostgreSQL can't do it now, or can't be reached.
    Sql(Error),
    /// The connection was given up.
    Lost(String),
}

impl Fault {
    /// Whether the connection is of no more use.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Own(_) => false,
            Self::Retry(error) | Self::Sql(error) => !is_answer(error),
            Self::Lost(_) => true,
        }
    }
}

/// The result of a verb inside of its transaction.
pub(crate) type Verb<T> = Result<T, Fault>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.code() {
            // CockroachDB and YugabyteDB answer these where PostgreSQL waits (D30).
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => {
                Self::Retry(error)
            }
            Some(&SqlState::UNIQUE_VIOLATION) => Self::Own(taken(&error)),
            // A rule of the schema that no correct command breaks, or a value that no column takes.
            Some(code) if matches!(code.code().get(..2), Some("23" | "22")) => {
                Self::Own(StoreError::rejected(describe(&error)))
            }
            _ => Self::Sql(error),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Own(error)
    }
}

/// The command contradicts what is stored.
pub(super) fn conflict(constraint: Constraint) -> Fault {
    Fault::Own(StoreError::conflict(constraint))
}

/// Nothing was written.
pub(super) fn not_done(why: impl Into<String>) -> StoreError {
    StoreError::Unavailable {
        done: NotDone::Sure,
        why: why.into(),
    }
}

/// It may have been written.
pub(super) fn unknown(why: impl Into<String>) -> StoreError {
    StoreError::Unavailable {
        done: NotDone::Unknown,
        why: why.into(),
    }
}

/// Whether PostgreSQL answered, and so has ended the statement. A connection that broke leaves it open.
pub(super) fn is_answer(error: &Error) -> bool {
    error.as_db_error().is_some()
}

/// Whether no other write would succeed either: the disk is full, or this server became a standby.
pub(super) fn refuses_writes(code: &SqlState) -> bool {
    matches!(
        *code,
        SqlState::DISK_FULL | SqlState::READ_ONLY_SQL_TRANSACTION
    )
}

/// The message of PostgreSQL, with its code. Not the detail, which has values of rows.
pub(super) fn describe(error: &Error) -> String {
    match error.as_db_error() {
        Some(answer) => format!("{} ({})", answer.message(), answer.code().code()),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

/// What is unique, by the name of its constraint or index.
fn taken(error: &Error) -> StoreError {
    let name = error.as_db_error().and_then(|answer| answer.constraint());
    StoreError::conflict(match name.unwrap_or_default() {
        "users_username_key_key" => Constraint::UserName,
        "users_by_login_email" => Constraint::Email,
        "users_subject_key" => Constraint::Subject,
        "clients_client_id_key" => Constraint::ClientId,
        "roles_by_name" => Constraint::RoleName,
        "user_groups_name_key" => Constraint::GroupName,
        "organizations_org_id_key" => Constraint::OrganizationId,
        "organizations_name_key_key" => Constraint::OrganizationName,
        "organization_domains_pkey" => Constraint::OrganizationDomain,
        "organization_members_pkey" => Constraint::Member,
        "signing_keys_pkey" | "signing_keys_one_active" | "signing_keys_one_next" => {
            Constraint::KeyRing
        }
        _ => Constraint::Identifier,
    })
}
