//! What the process brings to the server.

use std::sync::Arc;

use cardea_protocol::model::{Actor, Cause};
use cardea_seal::{Entropy, MasterKey};
use cardea_store::Store;
use cardea_web::clock::Clock;
use jiff::Timestamp;

/// The epoch of the derived keys. To change all of them, begin another one (D14).
pub(crate) const EPOCH: u32 = 1;

/// What the process brings to the server.
pub struct Parts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Entropy,
    /// The master key.
    pub master_key: MasterKey,
    /// Whether clients, users, roles, groups and organizations of the configuration are written to the store. A command beside nodes
    /// that serve leaves them alone: its file may be an old one.
    pub applies_config: bool,
}

/// The cause of a write that no request asked for: the start and the background jobs.
pub(crate) fn start_cause(now: Timestamp) -> Cause {
    Cause {
        now,
        request_id: "start".to_owned(),
        address: None,
        user_agent: None,
        actor: Actor::System,
    }
}
