//! Background work, and what identifies a store.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::Result;

/// A lease on a job: at most one node holds it.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The job.
    pub job: &'static str,
    /// The node that asks for it.
    pub holder: String,
    /// For how long.
    pub ttl: SignedDuration,
}

/// A node that serves, as it announces itself to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name, another one after each start.
    pub id: String,
    /// The identifiers of the signing keys that it knows.
    pub keys: Vec<String>,
    /// It is forgotten then unless it announces itself again.
    pub expires_at: Timestamp,
}

/// The identity of a store, written once at its first start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The issuer it belongs to.
    pub issuer: String,
    /// Whether `cardea dev` created it (D23).
    pub development: bool,
    /// Proves that the master key is the one of the first start, without revealing anything about it.
    pub master_key_check: Vec<u8>,
}

/// How many rows a clean-up removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Expired codes.
    pub codes: u64,
    /// Grants that have been dead for longer than they are kept.
    pub grants: u64,
    /// Sessions, ended (audited as `session_ended` when they expired) or removed.
    pub sessions: u64,
    /// Revoked access tokens that have expired.
    pub tokens: u64,
    /// Assertions that have expired.
    pub assertions: u64,
    /// Trusted devices that have expired.
    pub devices: u64,
    /// Audit rows past their retention time.
    pub audit: u64,
}

/// Background work and the store's own state.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Takes or renews a lease. `false` when another holder has it.
    async fn take_lease(&self, lease: Lease, now: Timestamp) -> Result<bool>;
    /// Announces a node, or announces it again. A file has one node only, and keeps none.
    async fn announce_node(&self, node: Node) -> Result<()>;
    /// The announced nodes that live.
    async fn nodes(&self, now: Timestamp) -> Result<Vec<Node>>;
    /// Removes at most `batch` dead rows of each kind. Live rows are not touched; a redeemed code's hash stays as long as there
    /// is something to revoke. Dead grants and sessions are kept for a day, audit rows for `audit_ttl`.
    async fn sweep(&self, now: Timestamp, batch: u32, audit_ttl: SignedDuration) -> Result<Swept>;
    /// Writes the marks if there are none yet; returns the stored ones.
    async fn marks(&self, first: Marks) -> Result<Marks>;
    /// The marks, if there are any.
    async fn read_marks(&self) -> Result<Option<Marks>>;
    /// Whether the store can read and write right now.
    async fn ready(&self) -> Result<()>;
}
