//! What a person has allowed a client.

use jiff::Timestamp;

use super::{ClientId, Subject};
use crate::scope::Scope;

/// Person, client, scopes: one row, which grows as more is allowed and goes when it is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The person.
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
