//! The audit: written by the verbs, read here.

use async_trait::async_trait;
use cardea_protocol::model::{AuditEvent, AuditRow, ClientId, Subject};

use crate::{Page, Result};

/// Which rows; all of it must hold.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this user.
    pub subject: Option<Subject>,
    /// Of this client.
    pub client_id: Option<ClientId>,
    /// Of this kind.
    pub event: Option<AuditEvent>,
}

/// The audit.
#[async_trait]
pub trait Audit: Send + Sync {
    /// A page, the youngest first.
    async fn audit(&self, filter: AuditFilter, page: Page) -> Result<Vec<AuditRow>>;
}
