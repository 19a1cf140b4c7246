//! What a user has allowed a client.

use jiff::Timestamp;

use super::{ClientId, Subject};
use crate::scope::Scope;

/// One row per user and client. It grows as more is allowed and is deleted when it is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The user.
    pub subject: Subject,
    /// The client.
    pub client_id: ClientId,
    /// All that was allowed.
    pub scope: Scope,
    /// When it was first given.
    pub given_at: Timestamp,
    /// When it last grew.
    pub updated_at: Timestamp,
}
