//! What users have allowed clients.

use async_trait::async_trait;
use cardea_protocol::{
    model::{Cause, ClientId, Consent, SessionId, Subject},
    scope::Scope,
};

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

/// The consent of a user whose answer follows in a request of its own.
pub struct GiveConsent {
    /// The session in which the user decided.
    pub session: SessionId,
    /// The user.
    pub subject: Subject,
    /// The client.
    pub client_id: ClientId,
    /// What is allowed.
    pub allowed: Scope,
    /// The request.
    pub cause: Cause,
}

/// Consents. They are also written by [`Grants::issue_code`](crate::Grants::issue_code).
#[async_trait]
pub trait Consents: Send + Sync {
    /// What the user has allowed the client.
    async fn consent(&self, subject: &Subject, client_id: &ClientId) -> Result<Option<Consent>>;
    /// What a user has allowed, by client, at most 200.
    async fn consents_of(&self, subject: &Subject) -> Result<Vec<Consent>>;
    /// Adds to what the user has allowed, audited as `consent_given` when it grew. False, and nothing is written, if the session has
    /// ended, or the user or the client is not enabled.
    async fn give_consent(&self, command: GiveConsent) -> Result<bool>;
    /// Revokes consent and grants; returns how many grants were alive.
    async fn revoke_application(&self, command: RevokeApplication) -> Result<u64>;
}
