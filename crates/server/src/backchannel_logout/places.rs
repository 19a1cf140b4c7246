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
/// How many are claimed at once. A client that has as many under way is passed over, so that one that is slow doesn't take all
/// places.
pub(super) const HANDFUL: usize = 8;

/// The way out, and the places on it.
pub(crate) struct BackchannelLogout {
    pub(super) client: GuardedClient,
    pub(super) places: Arc<Semaphore>,
    under_way: Mutex<HashMap<ClientId, usize>>,
    pub(super) wake: Notify,
}

impl BackchannelLogout {
    pub(crate) fn new(client: GuardedClient) -> Self {
        Self {
            client,
            places: Arc::new(Semaphore::new(PLACES)),
            under_way: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// Says that sessions may have ended: the background looks at once.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// So many free places, at most.
    pub(super) fn free(&self, most: usize) -> Vec<OwnedSemaphorePermit> {
        let place = || Arc::clone(&self.places).try_acquire_owned().ok();
        std::iter::from_fn(place).take(most).collect()
    }

    /// The clients that have a handful under way.
    pub(super) fn busy(&self) -> Vec<ClientId> {
        let under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let busy = under_way.iter().filter(|(_, count)| **count >= HANDFUL);
        busy.map(|(client, _)| client.clone()).collect()
    }

    pub(super) fn begins(&self, client: &ClientId) {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *under_way.entry(client.clone()).or_default() += 1;
    }

    /// What was passed over for a busy client is looked at again.
    pub(super) fn ends(&self, client: &ClientId) {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let left = under_way
            .get(client)
            .map_or(0, |count| count.saturating_sub(1));
        if left + 1 >= HANDFUL {
            self.wake();
        }
        match left {
            0 => under_way.remove(client),
            left => under_way.insert(client.clone(), left),
        };
    }
}
