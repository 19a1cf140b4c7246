//! Pending logout notifications (OpenID Back-Channel Logout): an outbox, written by every verb that ends a session.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, ClientId, Sid, Subject};
use jiff::{SignedDuration, Timestamp};

use crate::Result;

/// Names a logout in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogoutId(pub i64);

/// A client that must be notified that a session has ended, claimed for one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logout {
    /// Its name.
    pub id: LogoutId,
    /// The client to notify.
    pub client_id: ClientId,
    /// The user of the session, who may have been removed since.
    pub subject: Subject,
    /// The session's public name.
    pub sid: Sid,
    /// The request that ended the session.
    pub request_id: String,
    /// Which try this is; the first is 1.
    pub attempt: u32,
}

/// Takes logouts that are due, each for one try. They are due again when the lease is over.
pub struct ClaimLogouts {
    /// Of this session, or of any.
    pub sid: Option<Sid>,
    /// Not for these clients, which have enough tries in progress.
    pub busy: Vec<ClientId>,
    /// How many at most.
    pub limit: u32,
    /// How long a try may take.
    pub lease: SignedDuration,
    /// The time.
    pub now: Timestamp,
}

/// Records the outcome of a try. Nothing is written when another try has begun since.
pub struct SettleLogout {
    /// As it was claimed.
    pub logout: Logout,
    /// The outcome.
    pub outcome: LogoutOutcome,
    /// Who does it.
    pub cause: Cause,
}

/// The outcome of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// Nothing is left to do.
    Done,
    /// It is due again at this time.
    Again(Timestamp),
    /// It was tried often enough; audited as `logout_undelivered` with this reason.
    GivenUp(String),
}

/// The outbox.
#[async_trait]
pub trait Logouts: Send + Sync {
    /// Claims what is due, the longest waiting first. Of two that claim at once one gets it.
    async fn claim_logouts(&self, command: ClaimLogouts) -> Result<Vec<Logout>>;
    /// Settles a try. `false` when it isn't the last one any more.
    async fn settle_logout(&self, command: SettleLogout) -> Result<bool>;
}
