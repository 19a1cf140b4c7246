//! Who may ask the issuer at the same time: introspection requests are few, and invalid tokens must not take all of them.
//!
//! Tokens that were valid before have places of their own. New tokens share the others: each network a part of them, in a
//! bounded queue. So slow answers about invalid tokens hold up neither known tokens nor other networks.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ipnet::IpNet;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Places for tokens that were valid before.
const KNOWN: usize = 32;
/// Places for new tokens.
const NEW: usize = 64;
/// Places for new tokens of one network.
const SHARE: usize = 16;
/// The maximum number of requests that wait for a place, and of one network.
const QUEUE: usize = 1024;
const QUEUE_OF_NETWORK: usize = 128;
/// The maximum time in the queue.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// Who presents a token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    /// Whether the token was valid before.
    pub(crate) known: bool,
    /// The network of the client, if it is known.
    pub(crate) network: Option<IpNet>,
}

/// The places for introspection requests.
pub(crate) struct Places {
    known: Arc<Semaphore>,
    new: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    shares: Arc<Mutex<HashMap<IpNet, Share>>>,
}

/// What one network has in use. It is removed when the last of its requests ends.
struct Share {
    places: Arc<Semaphore>,
    requests: usize,
}

/// A place in use. It is free again when this is dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _share: Option<(OwnedSemaphorePermit, Member)>,
}

/// Counts one request of a network while it waits and runs.
struct Member {
    network: IpNet,
    shares: Arc<Mutex<HashMap<IpNet, Share>>>,
}

/// Counts one request while it waits.
struct Waiting(Arc<AtomicUsize>);

impl Default for Places {
    fn default() -> Self {
        Self {
            known: Arc::new(Semaphore::new(KNOWN)),
            new: Arc::new(Semaphore::new(NEW)),
            waiting: Arc::default(),
            shares: Arc::default(),
        }
    }
}

impl Places {
    /// A place, after a short wait if there is none. `None` when the queue is full or the wait was too long.
    pub(crate) async fn acquire(&self, asker: Asker) -> Option<Place> {
        let _waiting = self.wait()?;
        timeout(MAX_WAIT, self.place(asker)).await.ok()?
    }

    async fn place(&self, asker: Asker) -> Option<Place> {
        if asker.known {
            let permit = Arc::clone(&self.known).acquire_owned().await.ok()?;
            return Some(Place {
                _permit: permit,
                _share: None,
            });
        }
        let share = match asker.network {
            None => None,
            Some(network) => {
                let (member, places) = self.join(network)?;
                Some((places.acquire_owned().await.ok()?, member))
            }
        };
        let permit = Arc::clone(&self.new).acquire_owned().await.ok()?;
        Some(Place {
            _permit: permit,
            _share: share,
        })
    }

    fn wait(&self) -> Option<Waiting> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(Arc::clone(&self.waiting));
        (before < QUEUE).then_some(waiting)
    }

    fn join(&self, network: IpNet) -> Option<(Member, Arc<Semaphore>)> {
        let mut shares = locked(&self.shares);
        let share = shares.entry(network).or_insert_with(|| Share {
            places: Arc::new(Semaphore::new(SHARE)),
            requests: 0,
        });
        if share.requests >= QUEUE_OF_NETWORK {
            return None;
        }
        share.requests += 1;
        let member = Member {
            network,
            shares: Arc::clone(&self.shares),
        };
        Some((member, Arc::clone(&share.places)))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut shares = locked(&self.shares);
        if let Some(share) = shares.get_mut(&self.network) {
            share.requests = share.requests.saturating_sub(1);
            if share.requests == 0 {
                shares.remove(&self.network);
            }
        }
    }
}

fn locked(shares: &Mutex<HashMap<IpNet, Share>>) -> MutexGuard<'_, HashMap<IpNet, Share>> {
    shares.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn asker(known: bool, network: &str) -> Asker {
        Asker {
            known,
            network: Some(network.parse().unwrap()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn s4_one_network_takes_its_share_of_places_and_no_more() {
        let places = Places::default();
        let mut held = Vec::new();
        for _ in 0..SHARE {
            held.push(places.acquire(asker(false, "192.0.2.0/24")).await.unwrap());
        }
        assert!(places.acquire(asker(false, "192.0.2.0/24")).await.is_none());
        assert!(
            places
                .acquire(asker(false, "198.51.100.0/24"))
                .await
                .is_some()
        );
        assert!(places.acquire(asker(true, "192.0.2.0/24")).await.is_some());
        held.pop();
        assert!(places.acquire(asker(false, "192.0.2.0/24")).await.is_some());
        drop(held);
        assert!(locked(&places.shares).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn s4_many_networks_leave_the_places_of_known_tokens_free() {
        let places = Places::default();
        let mut held = Vec::new();
        for network in 0..NEW / SHARE {
            for _ in 0..SHARE {
                let asker = asker(false, &format!("10.{network}.0.0/24"));
                held.push(places.acquire(asker).await.unwrap());
            }
        }
        assert!(places.acquire(asker(false, "192.0.2.0/24")).await.is_none());
        assert!(places.acquire(asker(true, "192.0.2.0/24")).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn s4_who_waits_gets_the_place_that_becomes_free() {
        let places = Arc::new(Places::default());
        let mut held = Vec::new();
        for _ in 0..SHARE {
            held.push(places.acquire(asker(false, "192.0.2.0/24")).await.unwrap());
        }
        let later = Arc::clone(&places);
        let waits =
            tokio::spawn(
                async move { later.acquire(asker(false, "192.0.2.0/24")).await.is_some() },
            );
        tokio::task::yield_now().await;
        held.pop();
        assert!(waits.await.unwrap());
    }
}
