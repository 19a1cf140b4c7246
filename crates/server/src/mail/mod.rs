//! Mail (D28): sends what verbs write to the outbox.
//!
//! A verb that causes a mail takes a [`Mail`](cardea_protocol::mail::Mail) in its command, and the store writes it in the verb's
//! transaction. Here mails are claimed, each for one try by one node, rendered and sent; whether and when there is another try is
//! decided by `cardea_protocol::mail::judge`. Without `[mail]` no mail is written, see [`Mailer::is_on`].

mod attempt;
mod check;
pub(crate) mod mailbox;
pub(crate) mod mailer;
mod message;
mod place;
mod preview;
mod proof;
mod sample;
pub(crate) mod templates;
pub(crate) mod transport;
mod variables;
mod words;

use std::{sync::Arc, time::Duration};

use cardea_store::{ClaimMessages, MessageKind, StoreError};
use jiff::SignedDuration;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use self::mailer::PLACES;
use crate::app::Shared;

pub use check::try_mail_server;
pub use preview::{MailPreview, preview_mail, send_test_mail};

/// Longer than a try, which takes [`transport::LONGEST_TRY`] at most.
const LEASE: SignedDuration = SignedDuration::from_mins(3);
/// How often the outbox is read.
const EVERY: Duration = Duration::from_secs(5);
/// How long the end of the process waits for tries in progress.
const FINISH: Duration = Duration::from_secs(10);

/// Sends what is due until it is dropped.
pub(crate) async fn run(app: &Shared) {
    if !app.mail.is_on() {
        return std::future::pending().await;
    }
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = app.mail.wake.notified() => {}
        }
        if let Err(error) = send_due(app).await {
            tracing::error!(%error, "mails could not be sent");
        }
    }
}

/// Waits for tries in progress, so that none is repeated for nothing.
pub(crate) async fn finish(app: &Shared) {
    let all = app.mail.places.acquire_many(PLACES);
    if timeout(FINISH, all).await.is_err() {
        tracing::warn!("mails are being sent and will be tried again");
    }
}

/// Sends all that is due as places get free; returns the tries still in progress.
pub(crate) async fn send_due(app: &Shared) -> Result<Vec<JoinHandle<()>>, StoreError> {
    let mut in_progress = Vec::new();
    loop {
        let Ok(first) = Arc::clone(&app.mail.places).acquire_owned().await else {
            return Ok(in_progress);
        };
        let more = || Arc::clone(&app.mail.places).try_acquire_owned().ok();
        let mut places = vec![first];
        places.extend(std::iter::from_fn(more));
        let command = ClaimMessages {
            kind: MessageKind::Mail,
            sid: None,
            busy: Vec::new(),
            limit: u32::try_from(places.len()).unwrap_or(1),
            lease: LEASE,
            now: app.now(),
        };
        let claimed = app.store.claim_messages(command).await?;
        if claimed.is_empty() {
            return Ok(in_progress);
        }
        in_progress.retain(|one: &JoinHandle<()>| !one.is_finished());
        in_progress.extend(claimed.into_iter().zip(places).map(|(claimed, place)| {
            let app = Arc::clone(app);
            tokio::spawn(async move {
                attempt::make(&app, claimed).await;
                drop(place);
            })
        }));
    }
}
