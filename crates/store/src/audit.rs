//! The audit: written by the verbs, read here.

use async_trait::async_trait;
use cardea_protocol::model::{AuditEvent, AuditRow, ClientId, Subject};
use jiff::Timestamp;

use crate::{AuditPosition, Page, Result, Rows};

/// Which rows; all of it must hold.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this user.
    pub subject: Option<Subject>,
    /// Of this client.
    pub client_id: Option<ClientId>,
    /// Of this kind.
    pub event: Option<AuditEvent>,
    /// Written at this time or later.
    pub since: Option<Timestamp>,
}

/// The audit.
#[async_trait]
pub trait Audit: Send + Sync {
    /// A page, the newest first.
    async fn audit(
        &self,
        filter: AuditFilter,
        page: Page<AuditPosition>,
    ) -> Result<Rows<AuditRow, AuditPosition>>;
}
