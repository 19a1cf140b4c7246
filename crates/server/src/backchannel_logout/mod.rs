//! Notifies clients that a session has ended: OpenID Back-Channel Logout (D17).
//!
//! This delivers one kind of message of the outbox (D28). Each verb that ends a session writes a logout token for each of its
//! clients, in its own transaction. Here they are claimed, each for one try by one node, and sent; whether and when there is
//! another try is decided by `cardea_protocol::backchannel_logout::judge`. Memory holds only tries in progress.

mod attempt;
pub(crate) mod places;

use std::{sync::Arc, time::Duration};

use cardea_protocol::model::{ClientId, Sid};
use cardea_store::{ClaimMessages, MessageKind, StoreError};
use jiff::SignedDuration;
use tokio::{
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use self::places::CLAIM_SIZE;
use crate::app::Shared;

/// Longer than a try, which takes 5 s.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// D17: the longest wait of a user who logs out.
const USER_WAIT: Duration = Duration::from_secs(2);
/// How often the outbox is read.
const EVERY: Duration = Duration::from_secs(5);

/// A place, taken for one try.
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

/// Notifies the clients of a session that has just ended, all at once, and waits for the first try of each, at most 2 s.
/// Tries that take longer continue in the background.
pub(crate) async fn notify_clients(app: &Shared, sid: &Sid) {
    let places = app.backchannel_logout.free(CLAIM_SIZE);
    match send(app, Some(sid.clone()), places).await {
        Ok(tries) => {
            let all = async {
                for one in tries {
                    // A try that panicked is due again when its lease is over.
                    let _ = one.await;
                }
            };
            let _ = timeout(USER_WAIT, all).await;
        }
        Err(error) => tracing::error!(%error, "the outbox can't be read"),
    }
    // There may be more than places.
    app.backchannel_logout.wake();
}

/// Sends what is due until it is dropped.
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

/// Sends all that is due as places get free; returns the tries still in progress.
pub(crate) async fn send_due(app: &Shared) -> Result<Vec<JoinHandle<()>>, StoreError> {
    let mut in_progress = Vec::new();
    loop {
        let sender = &app.backchannel_logout;
        let Ok(first) = Arc::clone(&sender.places).acquire_owned().await else {
            return Ok(in_progress);
        };
        let mut places = vec![first];
        places.extend(sender.free(CLAIM_SIZE - 1));
        let tries = send(app, None, places).await?;
        if tries.is_empty() {
            return Ok(in_progress);
        }
        in_progress.retain(|one: &JoinHandle<()>| !one.is_finished());
        in_progress.extend(tries);
    }
}

/// Claims one message per place and sends it.
async fn send(
    app: &Shared,
    sid: Option<Sid>,
    places: Vec<OwnedSemaphorePermit>,
) -> Result<Vec<JoinHandle<()>>, StoreError> {
    let limit = u32::try_from(places.len()).unwrap_or(u32::MAX);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let command = ClaimMessages {
        kind: MessageKind::LogoutToken,
        sid,
        busy: app.backchannel_logout.busy(),
        limit,
        lease: LEASE,
        now: app.now(),
    };
    let claimed = app.store.claim_messages(command).await?;
    let tries = claimed.into_iter().zip(places);
    let tries = tries.filter_map(|(claimed, place)| {
        let app = Arc::clone(app);
        let client = attempt::token_of(&claimed.message)?.client_id;
        let place = Place::take(&app, client, place);
        Some(tokio::spawn(async move {
            attempt::make(&app, claimed).await;
            drop(place);
        }))
    });
    Ok(tries.collect())
}
