//! Clients and their assertions.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, Client, ClientId, ClientStatus};
use cardea_seal::Digest;
use jiff::Timestamp;

use crate::{Page, Result, Rows};

/// Writes a client.
pub struct PutClient {
    /// The client as it shall be.
    pub client: Client,
    /// Whether it must be new (`Conflict` if it exists) or must exist (`Ok(false)` if it does not), and as what.
    pub change: ClientChange,
    /// Who does it.
    pub cause: Cause,
}

/// What is done to a client. A change names the client that it was computed from: if its metadata or its secret are no
/// longer the same, nothing is written (`ChangedMeanwhile`).
#[derive(Clone)]
pub enum ClientChange {
    /// Added: `client_added`.
    Add,
    /// Its metadata were changed: `client_changed`. The secret is written only if it is another one than before.
    Change(Box<Client>),
    /// It has a new secret: `client_secret_changed`. Nothing else is written.
    Secret(Box<Client>),
}

/// Makes the store agree with the configuration file (D19).
pub struct ApplyFileClients {
    /// All clients of the file, each with `Owner::File`. Clients with `Owner::File` that are missing here are disabled; those
    /// listed here are written and enabled. An id that the store owns is a `Conflict`.
    pub clients: Vec<Client>,
    /// Who does it.
    pub cause: Cause,
}

/// Uses up an assertion's `jti` (RFC 7523 §3, point 7).
pub struct UseAssertion {
    /// The client that made the assertion.
    pub client_id: ClientId,
    /// The SHA-256 of the `jti`.
    pub jti: Digest,
    /// Until when it must be remembered.
    pub expires_at: Timestamp,
}

/// Clients.
#[async_trait]
pub trait Clients: Send + Sync {
    /// One client.
    async fn client(&self, id: &ClientId) -> Result<Option<Client>>;
    /// A page of clients by id.
    async fn clients(&self, page: Page<ClientId>) -> Result<Rows<Client, ClientId>>;
    /// Changes with each change of any client but its secret, and with nothing else.
    async fn clients_revision(&self) -> Result<i64>;
    /// Shows each enabled client to `visit`, one at a time.
    async fn visit_enabled_clients(
        &self,
        visit: &mut (dyn for<'c> FnMut(&'c Client) + Send),
    ) -> Result<()>;
    /// Adds or changes a client. A client of the file is a `Conflict`. `false` when it must exist and does not.
    async fn put_client(&self, command: PutClient) -> Result<bool>;
    /// Enables or disables a client; disabling revokes nothing, its tokens are dead as long as it is disabled.
    /// A client of the file is a `Conflict`. `false` when it does not exist.
    async fn set_client_status(
        &self,
        id: ClientId,
        status: ClientStatus,
        cause: Cause,
    ) -> Result<bool>;
    /// Removes a client with its codes, grants and consents. A client of the file is a `Conflict`.
    async fn remove_client(&self, id: ClientId, cause: Cause) -> Result<bool>;
    /// Applies the configuration file. Unchanged clients cause no write and no audit row.
    async fn apply_file_clients(&self, command: ApplyFileClients) -> Result<()>;
    /// `true` for the first use, by a unique insert.
    async fn use_assertion(&self, command: UseAssertion) -> Result<bool>;
}
