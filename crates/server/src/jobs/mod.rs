//! Background work: clean-up, key rotation, the client directory, logout notifications, mail.

use std::{sync::Arc, time::Duration};

use cardea_store::{EndDueAccounts, Lease, Node, StoreError, Swept};
use jiff::{SignedDuration, Timestamp};

use crate::{app::App, backchannel_logout, factor_reset, keys::KeyError, mail, parts::start_cause};

const EVERY: Duration = Duration::from_secs(30);
/// How soon a node sees what another one, or a command beside it, has changed.
const WATCH_EVERY: Duration = Duration::from_secs(1);
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// A node that is not heard of for so long is dead. Its clock and that of another one may differ by 30 seconds.
const NODE_TTL: SignedDuration = SignedDuration::from_secs(90);
/// How long a node that stops tries to tell the others.
const LEAVE: Duration = Duration::from_secs(2);
/// How many looks at the changes of others are between two announcements.
const LOOKS: u32 = 10;
/// Small, so that no request waits long behind it.
const SWEEP_BATCH: u32 = 500;
const SWEEP_ROUNDS: u32 = 20;
/// How long the audit is kept.
const AUDIT_TTL: SignedDuration = SignedDuration::from_hours(24 * 400);

/// Runs until it is dropped.
pub async fn run(app: Arc<App>) {
    tokio::join!(
        maintain(&app),
        watch(&app),
        backchannel_logout::run(&app),
        mail::run(&app)
    );
}

/// Waits until mails that are being sent are settled, for some seconds at most, and takes leave of the other nodes. Called when
/// [`run`] was dropped.
pub async fn finish(app: &Arc<App>) {
    mail::finish(app).await;
    let leave = announce(app, SignedDuration::ZERO);
    match tokio::time::timeout(LEAVE, leave).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, "the other nodes could not be told that this one stops");
        }
        Err(_) => tracing::warn!("the other nodes could not be told in time that this one stops"),
    }
}

/// Sends the mails that are due and waits for each try: one round of what [`run`] does.
///
/// # Errors
/// When the outbox can't be read.
pub async fn send_mails(app: &Arc<App>) -> Result<(), StoreError> {
    for one in mail::send_due(app).await? {
        let _ = one.await;
    }
    Ok(())
}

/// Sends the logouts that are due and waits for each try: one round of what [`run`] does.
///
/// # Errors
/// When the outbox can't be read.
pub async fn send_logouts(app: &Arc<App>) -> Result<(), StoreError> {
    for one in backchannel_logout::send_due(app).await? {
        let _ = one.await;
    }
    Ok(())
}

/// Does the resets of second factors that are due: one round of what [`run`] does every 30 seconds.
///
/// # Errors
/// When the store fails.
pub async fn reset_due_factors(app: &App) -> Result<(), StoreError> {
    let done = factor_reset::do_due(app, SWEEP_BATCH).await?;
    if done > 0 {
        tracing::info!(
            done,
            "removed second factors after the delay of their reset"
        );
    }
    Ok(())
}

async fn maintain(app: &App) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = turn_keys(app).await {
            tracing::error!(%error, "the key ring could not be rotated");
        }
        if let Err(error) = app.refresh_password_costs().await {
            tracing::error!(%error, "the costs of the password hashes could not be read");
        }
        match sweep(app).await {
            Ok(swept) if swept != Swept::default() => {
                tracing::debug!(?swept, "cleaned up");
                app.backchannel_logout.wake();
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the clean-up failed"),
        }
    }
}

/// Other nodes change the key ring and the clients too, and so do commands where the store is PostgreSQL.
async fn watch(app: &App) {
    let mut tick = tokio::time::interval(WATCH_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut well = true;
    for look in (0..LOOKS).cycle() {
        tick.tick().await;
        let mut seen = see_changes(app).await;
        if seen.is_ok() && look == 0 {
            seen = announce(app, NODE_TTL).await.map_err(KeyError::from);
        }
        // Once, not each second of an outage.
        if let Err(error) = &seen
            && well
        {
            tracing::error!(%error, "what other nodes have changed could not be read, or they could not be told of this one");
        }
        well = seen.is_ok();
    }
}

/// Reads the key ring and the clients again if they have changed: one round of what [`run`] does every second.
///
/// # Errors
/// When the store or a key fails.
pub async fn see_changes(app: &App) -> Result<(), KeyError> {
    let turned = app.ring.reload_if_changed().await?;
    if turned {
        app.refresh_metadata();
    }
    app.clients.refresh_if_changed().await?;
    if turned {
        announce(app, NODE_TTL).await?;
    }
    Ok(())
}

/// Tells the other nodes that this one serves, and with which signing keys.
async fn announce(app: &App, ttl: SignedDuration) -> Result<(), StoreError> {
    let ring = app.ring.current();
    let node = Node {
        id: app.node.clone(),
        keys: ring.rows().iter().map(|row| row.kid.clone()).collect(),
        expires_at: app.now().saturating_add(ttl).unwrap_or(Timestamp::MAX),
    };
    app.store.announce_node(node).await
}

/// Moves every signing key that is due: one round of what [`run`] does every 30 seconds.
///
/// # Errors
/// When the store or a key fails.
pub async fn turn_keys(app: &App) -> Result<(), KeyError> {
    let settings = &app.settings;
    app.ring
        .advance(
            settings.access_token_ttl.max(settings.id_token_ttl),
            settings.longest_session(),
            &start_cause(app.now()),
        )
        .await?;
    let wanted = app.clients.algorithms();
    app.ring
        .ensure(wanted.into_iter(), &start_cause(app.now()))
        .await?;
    app.refresh_metadata();
    Ok(())
}

/// Removes the accounts whose grace time is over, and disables those that have expired: one round of what [`run`] does.
///
/// # Errors
/// When the store fails.
pub async fn end_due_accounts(app: &App) -> Result<(), StoreError> {
    let command = EndDueAccounts {
        limit: SWEEP_BATCH,
        mail: app.mail.is_on().then_some(app.settings.language),
        cause: start_cause(app.now()),
    };
    let ended = app.store.end_due_accounts(command).await?;
    if ended > 0 {
        tracing::info!(ended, "accounts were due: deleted, or expired and disabled");
        app.backchannel_logout.wake();
        app.mail.wake();
    }
    Ok(())
}

/// One node cleans up, batch by batch, until nothing is left or the limit of rounds is reached.
async fn sweep(app: &App) -> Result<Swept, StoreError> {
    let lease = Lease {
        job: "sweep",
        holder: app.node.clone(),
        ttl: LEASE,
    };
    let mut all = Swept::default();
    if !app.store.take_lease(lease, app.now()).await? {
        return Ok(all);
    }
    end_due_accounts(app).await?;
    reset_due_factors(app).await?;
    for _ in 0..SWEEP_ROUNDS {
        let swept = app.store.sweep(app.now(), SWEEP_BATCH, AUDIT_TTL).await?;
        if swept == Swept::default() {
            break;
        }
        all = swept;
    }
    Ok(all)
}
