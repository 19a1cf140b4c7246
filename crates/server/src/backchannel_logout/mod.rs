//! Tells clients that a session has ended: OpenID Back-Channel Logout (D17).
//!
//! Whatever ends a session has put a logout for each of its clients into the store's outbox, in its own transaction. Here they
//! are taken out, each claimed for one try by one node, and sent. The outbox is the queue: memory holds only what is being sent.

mod attempt;
pub(crate) mod places;

use std::{sync::Arc, time::Duration};

use cardea_protocol::model::{ClientId, Sid};
use cardea_store::{ClaimLogouts, StoreError};
use jiff::SignedDuration;
use tokio::{
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use self::places::HANDFUL;
use crate::app::Shared;

/// Longer than a try, which takes 5 s.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// D17: the person who logs out waits no longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_secs(5);

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
