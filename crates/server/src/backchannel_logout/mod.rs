//! Tells clients that a session has ended: OpenID Back-Channel Logout (D17).
//!
//! Whatever ends a session has put a logout for each of its clients into the store's outbox, in its own transaction. Here they
//! are taken out, each claimed for one try by one node, and sent. The outbox is the queue: memory holds only what is being sent.

mod attempt;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cardea_protocol::model::{ClientId, Sid};
use cardea_store::{ClaimLogouts, StoreError};
use cardea_web::outbound::GuardedClient;
use jiff::SignedDuration;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::app::Shared;

/// How many are sent at once.
const PLACES: usize = 32;
/// How many are claimed at once. A client that has as many under way is passed over, so that one that is slow doesn't take all
/// places.
const HANDFUL: usize = 8;
/// Longer than a try, which takes 5 s.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// D17: the person who logs out waits no longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_secs(5);

/// The way out, and the places on it.
pub(crate) struct BackchannelLogout {
    client: GuardedClient,
    places: Arc<Semaphore>,
    under_way: Mutex<HashMap<ClientId, usize>>,
    wake: Notify,
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
    fn free(&self, most: usize) -> Vec<OwnedSemaphorePermit> {
        let place = || Arc::clone(&self.places).try_acquire_owned().ok();
        std::iter::from_fn(place).take(most).collect()
    }

    /// The clients that have a handful under way.
    fn busy(&self) -> Vec<ClientId> {
        let under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let busy = under_way.iter().filter(|(_, count)| **count >= HANDFUL);
        busy.map(|(client, _)| client.clone()).collect()
    }

    fn begins(&self, client: &ClientId) {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *under_way.entry(client.clone()).or_default() += 1;
    }

    /// What was passed over for a busy client is looked at again.
    fn ends(&self, client: &ClientId) {
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

/// A place that is taken for one try.
struct Place {
    app: Shared,
    client: ClientId,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn take(app: &Shared, client: &ClientId, permit: OwnedSemaphorePermit) -> Self {
        app.backchannel_logout.begins(client);
        Self {
            app: Arc::clone(app),
            client: client.clone(),
            _permit: permit,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.app.backchannel_logout.ends(&self.client);
    }
}

/// Tells the clients of a session that has just ended, all at once, and waits until each was asked, 2 s at most. What isn't
/// done by then goes on without the caller.
pub(crate) async fn tell_clients(app: &Shared, sid: &Sid) {
    let places = app.backchannel_logout.free(HANDFUL);
    match send(app, Some(sid.clone()), places).await {
        Ok(tries) => {
            let all = async {
                for one in tries {
                    // A try that panicked is due again when its lease is over.
                    let _ = one.await;
                }
            };
            let _ = timeout(PATIENCE, all).await;
        }
        Err(error) => tracing::error!(%error, "the outbox of logouts can't be read"),
    }
    // There may be more than places.
    app.backchannel_logout.wake();
}

/// Sends what is due, until it is dropped.
pub(crate) async fn run(app: &Shared) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = app.backchannel_logout.wake.notified() => {}
        }
        if let Err(error) = send_due(app).await {
            tracing::error!(%error, "logouts could not be sent");
        }
    }
}

/// Sends all that is due, as places get free. The last tries.
pub(crate) async fn send_due(app: &Shared) -> Result<Vec<JoinHandle<()>>, StoreError> {
    let mut under_way = Vec::new();
    loop {
        let sender = &app.backchannel_logout;
        let Ok(first) = Arc::clone(&sender.places).acquire_owned().await else {
            return Ok(under_way);
        };
        let mut places = vec![first];
        places.extend(sender.free(HANDFUL - 1));
        let tries = send(app, None, places).await?;
        if tries.is_empty() {
            return Ok(under_way);
        }
        under_way.retain(|one: &JoinHandle<()>| !one.is_finished());
        under_way.extend(tries);
    }
}

/// Claims one logout for each place, and sends it there.
async fn send(
    app: &Shared,
    sid: Option<Sid>,
    places: Vec<OwnedSemaphorePermit>,
) -> Result<Vec<JoinHandle<()>>, StoreError> {
    let limit = u32::try_from(places.len()).unwrap_or(u32::MAX);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let command = ClaimLogouts {
        sid,
        busy: app.backchannel_logout.busy(),
        limit,
        lease: LEASE,
        now: app.now(),
    };
    let claimed = app.store.claim_logouts(command).await?;
    let tries = claimed.into_iter().zip(places).map(|(logout, place)| {
        let app = Arc::clone(app);
        let place = Place::take(&app, &logout.client_id, place);
        tokio::spawn(async move {
            attempt::make(&app, logout).await;
            drop(place);
        })
    });
    Ok(tries.collect())
}
