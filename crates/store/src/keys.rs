//! The key ring.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, KeyState, SigningKeyRow};

use crate::Result;

/// A change of the ring, by compare-and-set: nothing is written unless every key is in the expected state.
pub struct RingChange {
    /// Keys to add.
    pub add: Vec<SigningKeyRow>,
    /// Keys to move, from a state to a state; `None` removes the key. `activated_at` and `retired_at` are set from the cause.
    pub moves: Vec<(String, KeyState, Option<KeyState>)>,
    /// Who does it.
    pub cause: Cause,
}

/// Signing keys.
#[async_trait]
pub trait Keys: Send + Sync {
    /// All keys of the ring, the oldest first.
    async fn keys(&self) -> Result<Vec<SigningKeyRow>>;
    /// Changes the ring. `false` when another node changed it first. The schema allows at most one `next` and one `active`
    /// key per algorithm.
    async fn change_ring(&self, change: RingChange) -> Result<bool>;
    /// Replaces the sealed private parts, all or none, after the master key has changed.
    async fn rewrap_keys(&self, sealed: Vec<(String, Vec<u8>)>) -> Result<bool>;
}
