//! What users have allowed clients.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, ClientId, Consent, Subject};

use crate::Result;

/// Revokes everything that a user allowed a client: the consent and every grant.
pub struct RevokeApplication {
    /// The user.
    pub subject: Subject,
    /// The client.
    pub client_id: ClientId,
    /// Who does it.
    pub cause: Cause,
}

/// Consents. They are written by [`Grants::issue_code`](crate::Grants::issue_code).
#[async_trait]
pub trait Consents: Send + Sync {
    /// What the user has allowed the client.
    async fn consent(&self, subject: &Subject, client_id: &ClientId) -> Result<Option<Consent>>;
    /// What a user has allowed, by client, at most 200.
    async fn consents_of(&self, subject: &Subject) -> Result<Vec<Consent>>;
    /// Revokes consent and grants; returns how many grants were alive.
    async fn revoke_application(&self, command: RevokeApplication) -> Result<u64>;
}
