//! How a verb can fail.

use cardea_protocol::model::ClientId;

/// Whether anything was written when the store was not available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDone {
    /// Nothing was written; the same request may be sent again.
    Sure,
    /// It may have been written.
    Unknown,
}

/// A verb's failure. A mistake of the request is a result of the verb, not an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store can't take the command now.
    #[error("the store is not available ({}): {why}", match done { NotDone::Sure => "nothing was written", NotDone::Unknown => "it may have been written" })]
    Unavailable {
        /// Whether anything was written.
        done: NotDone,
        /// What happened, for the log.
        why: String,
    },
    /// The command contradicts what is stored. Nothing was written.
    #[error("{constraint}")]
    Conflict {
        /// What it contradicts.
        constraint: Constraint,
    },
    /// The command has a value that can't be stored: a fault of the caller. Nothing was written.
    #[error("the store rejects the command: {why}")]
    Rejected {
        /// Why, for the log.
        why: String,
    },
    /// A row with an impossible value. The row is named so that an operator can inspect it.
    #[error("corrupt row: table {table}, column {column}, id {id}: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key, as far as it is no secret.
        id: String,
        /// What is wrong with it.
        why: String,
    },
}

impl StoreError {
    pub(crate) fn conflict(constraint: Constraint) -> Self {
        Self::Conflict { constraint }
    }

    pub(crate) fn rejected(why: impl Into<String>) -> Self {
        let why = why.into();
        Self::Rejected { why }
    }
}

/// What a command can contradict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Constraint {
    /// A user name is unique in any case.
    #[error("the user name is taken")]
    UserName,
    /// A name that is not of ASCII only, or that of another user is not, looks like no other name (UTS 39).
    #[error("the user name looks like that of another user")]
    UserNameLooksAlike,
    /// Two users do not log in with one address.
    #[error("the e-mail address is taken")]
    Email,
    /// A subject is unique.
    #[error("the subject is taken")]
    Subject,
    /// A client id is unique.
    #[error("the client id is taken")]
    ClientId,
    /// D19: a client of the configuration file is changed only there.
    #[error("the client {0} is defined in the configuration file")]
    ClientOfFile(ClientId),
    /// D19: a client of the configuration file can't have the id of another one.
    #[error("the client {0} of the configuration file already exists in the store")]
    ClientOfStore(ClientId),
    /// A generated identifier or hash is unique. With 128 random bits it is.
    #[error("a generated identifier is taken")]
    Identifier,
    /// The ring is in the state that a change expects.
    #[error("the key ring was changed by another command")]
    KeyRing,
    /// A refresh token is in the generation that a rotation expects.
    #[error("the refresh token was rotated by another command")]
    Generation,
    /// The name of a role is unique, for all clients and for each one.
    #[error("the role exists already")]
    RoleName,
    /// The name of a group is unique.
    #[error("the group exists already")]
    GroupName,
    /// The identifier of an organization is unique.
    #[error("the organization id is taken")]
    OrganizationId,
    /// The name of an organization is unique in any case.
    #[error("the name of the organization is taken")]
    OrganizationName,
    /// A domain belongs to one organization.
    #[error("the domain belongs to another organization")]
    OrganizationDomain,
    /// A user is a member of an organization once.
    #[error("the user is a member already")]
    Member,
    /// A role of one client needs the client.
    #[error("the client does not exist")]
    NoClient,
    /// D19: what the configuration file defines is changed only there.
    #[error("{0} is defined in the configuration file")]
    OwnedByFile(String),
    /// D19: what the configuration file defines can't have the name of something else.
    #[error("{0} of the configuration file already exists in the store")]
    OwnedByStore(String),
    /// A token has a bounded size, and a page too.
    #[error("{0}")]
    TooLarge(String),
    /// A client or a user is as it was read when a change was computed from it (D4).
    #[error("changed at the same time; try again")]
    ChangedMeanwhile,
}
