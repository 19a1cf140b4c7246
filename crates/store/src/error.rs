//! How a verb can fail.

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
    /// Something of that name exists already, or belongs to another owner.
    #[error("{0}")]
    Conflict(String),
    /// A row with an impossible value. It is named so that an operator can inspect it.
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
