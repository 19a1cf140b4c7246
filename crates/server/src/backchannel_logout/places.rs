//! The places for logouts that are being sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use cardea_protocol::model::ClientId;
use cardea_web::outbound::GuardedClient;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How many are sent at once.
const PLACES: usize = 32;
/// How many are claimed at once. A client that has as many in progress is skipped, so that a slow one does not take all places.
pub(super) const CLAIM_SIZE: usize = 8;

/// The HTTP client, and the places for tries in progress.
pub(crate) struct BackchannelLogout {
    pub(super) client: GuardedClient,
    pub(super) places: Arc<Semaphore>,
    in_progress: Mutex<HashMap<ClientId, usize>>,
    pub(super) wake: Notify,
}

impl BackchannelLogout {
    pub(crate) fn new(client: GuardedClient) -> Self {
        Self {
            client,
            places: Arc::new(Semaphore::new(PLACES)),
            in_progress: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// Makes the background read the outbox at once.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// At most this many free places.
    pub(super) fn free(&self, most: usize) -> Vec<OwnedSemaphorePermit> {
        let place = || Arc::clone(&self.places).try_acquire_owned().ok();
        std::iter::from_fn(place).take(most).collect()
    }

    /// The clients with [`CLAIM_SIZE`] tries in progress.
    pub(super) fn busy(&self) -> Vec<ClientId> {
        let in_progress = self
            .in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let busy = in_progress
            .iter()
            .filter(|(_, count)| **count >= CLAIM_SIZE);
        busy.map(|(client, _)| client.clone()).collect()
    }

    pub(super) fn begins(&self, client: &ClientId) {
        let mut in_progress = self
            .in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *in_progress.entry(client.clone()).or_default() += 1;
    }

    /// Logouts that were skipped for a busy client are read again.
    pub(super) fn ends(&self, client: &ClientId) {
        let mut in_progress = self
            .in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let left = in_progress
            .get(client)
            .map_or(0, |count| count.saturating_sub(1));
        if left + 1 >= CLAIM_SIZE {
            self.wake();
        }
        match left {
            0 => in_progress.remove(client),
            left => in_progress.insert(client.clone(), left),
        };
    }
}
