//! The first account of a provider, by a link that its operator is shown (2.1).

use async_trait::async_trait;
use cardea_protocol::model::OrganizationId;
use cardea_seal::Digest;
use jiff::Timestamp;

use crate::{AddUser, Result};

/// Makes the first account, and makes it the administrator of organizations.
pub struct MakeFirstAccount {
    /// The hash of the link's token.
    pub token: Digest,
    /// The user.
    pub add: AddUser,
    /// The organizations that the user joins, with the roles inside. One that is gone by now is a `Conflict`.
    pub organizations: Vec<(OrganizationId, Vec<String>)>,
}

/// The link to the first account. It does nothing as soon as there is a user.
#[async_trait]
pub trait FirstAccount: Send + Sync {
    /// Replaces the link. `false`, and nothing is written, when there is a user.
    async fn offer_first_account(&self, token: Digest, expires_at: Timestamp) -> Result<bool>;
    /// Whether the link of this token can be used.
    async fn has_first_account_link(&self, token: Digest, now: Timestamp) -> Result<bool>;
    /// Uses the link, once. `false`, and nothing is written, when it can't be used.
    async fn make_first_account(&self, command: MakeFirstAccount) -> Result<bool>;
}
