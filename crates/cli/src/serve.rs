//! `cardea serve`: the provider of a configuration file.

use std::{convert::Infallible, path::Path, sync::Arc};

use anyhow::Context;
use cardea_server::{
    App,
    admin::{self, Logins},
    jobs, router,
};
use cardea_web::{
    clock::{Clock as _, SystemClock},
    config::Duration,
    inbound::{
        listener::{ListenerConfig, serve, serve_unix},
        shutdown,
        tls::{Certificates, POLL_EVERY},
    },
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    admin::is_served,
    check::files,
    config::{self, DEFAULT_FILE, Run, certificates},
    database::Database,
    listen, output,
    provider::Provider,
};

/// Serves until a signal.
pub(crate) async fn run(run: Run) -> anyhow::Result<()> {
    let file = run.file_or(DEFAULT_FILE);
    let config = config::read(&file, run.environment)?;
    // Before the store is opened: a configuration that cannot be served changes nothing.
    config::validate(&config, SystemClock.now())?;
    let (signalled, shutdown) = (shutdown::on_signal()?, CancellationToken::new());
    let delay = config.shutdown_delay;
    let tls = certificates(&config)?;
    // Before the store is migrated: a taken port changes nothing.
    let database = Database::of(&config)?;
    let socket = database.socket()?;
    let listener = match listen::bind(&config).await {
        Ok(listener) => listener,
        Err(problem) => {
            // A provider that runs on this store has the port: the store names its process.
            if let Some(socket) = &socket
                && is_served(socket).await.unwrap_or(false)
            {
                Provider::open_current(config).await?;
            }
            return Err(problem.into());
        }
    };
    if let Some(certificates) = &tls {
        let reload = Arc::clone(certificates).reload(POLL_EVERY, shutdown.clone());
        tokio::spawn(reload);
    }
    files::warn(&files::secrets(&file, &config));
    let hangup = signal(SignalKind::hangup())?;
    tokio::spawn(reload_on_hangup(hangup, tls.clone()));
    let address = listener.local_addr()?;
    let issuer = config.issuer.clone();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let provider = Provider::open(config).await?;
    let socket_shown = socket.as_ref().map(|socket| socket.display().to_string());
    tracing::info!(%address, scheme, issuer, store = %database, socket = socket_shown, "cardea serves");
    offer_first_account(&provider.app).await?;
    if let Some(warning) = Logins::of(&*provider.store.store()).await?.warning() {
        tracing::warn!("{warning}");
    }
    let listening = async {
        let bounds = ListenerConfig {
            tls,
            trusted: provider.app.trusted_proxies().to_vec(),
            ..ListenerConfig::default()
        };
        let public = serve(
            vec![listener],
            router(&provider.app),
            bounds,
            shutdown.clone(),
        );
        let (public, operators) = tokio::join!(
            stop_on_error(public, &shutdown),
            stop_on_error(
                serve_operators(socket.as_deref(), &provider.app, &shutdown),
                &shutdown
            )
        );
        public.context("the listener failed")?;
        operators.with_context(|| format!("the socket {} failed", socket_shown.unwrap_or_default()))
    };
    tokio::select! {
        ended = listening => ended?,
        why = provider.store.failed() => anyhow::bail!("the store failed and cannot be used any more: {why}; a restart recovers the file"),
        () = jobs::run(Arc::clone(&provider.app)) => {}
        never = stop_when(signalled, delay, &provider.app, &shutdown) => match never {}
    }
    jobs::finish(&provider.app).await;
    // What was answered is written already; this closes the file.
    drop(provider);
    tracing::info!("cardea has stopped");
    Ok(())
}

/// After a signal load balancers are told first, and have the time of the setting to send their requests elsewhere.
async fn stop_when(
    signalled: CancellationToken,
    delay: Option<Duration>,
    app: &App,
    shutdown: &CancellationToken,
) -> Infallible {
    // A node that was told to stop before it was ready has no requests to wait for.
    let delay = delay.filter(|_| !signalled.is_cancelled());
    signalled.cancelled().await;
    app.announce_stop();
    if let Some(delay) = delay {
        tracing::info!(
            delay = ?delay.get(),
            "not ready any more; requests are served until the delay is over"
        );
        tokio::time::sleep(delay.get()).await;
    }
    shutdown.cancel();
    std::future::pending().await
}

/// The administration, on the socket of a store that this process owns.
async fn serve_operators(
    socket: Option<&Path>,
    app: &Arc<App>,
    shutdown: &CancellationToken,
) -> std::io::Result<()> {
    let Some(socket) = socket else {
        return Ok(());
    };
    let bounds = ListenerConfig::default();
    serve_unix(socket, admin::router(app), bounds, shutdown.clone()).await
}

/// Without users: the link to the first account, on standard output only. It is a secret, and the log is read by others.
async fn offer_first_account(app: &App) -> anyhow::Result<()> {
    let Some(link) = app.offer_first_account().await? else {
        return Ok(());
    };
    let administers = match &link.organizations[..] {
        [] => String::new(),
        names => format!(" It will administer: {}.", names.join(", ")),
    };
    let until = link.expires_at.strftime("%F %R UTC");
    let text = format!(
        "\nThere are no users yet. Make the first account with this link, which works once, until {until}.{administers}\n\n  {}\n",
        link.url.expose()
    );
    if let Err(error) = output::print_escaped(&text) {
        tracing::warn!(%error, "the link to the first account could not be written to standard output");
    }
    Ok(())
}

/// SIGHUP reads the certificate again. The rest of the configuration takes effect at a start.
async fn reload_on_hangup(mut hangup: Signal, tls: Option<Arc<Certificates>>) {
    while hangup.recv().await.is_some() {
        tracing::info!(
            certificate = tls.is_some(),
            "SIGHUP: the certificate is read again; other settings take effect at the next start"
        );
        if let Some(certificates) = &tls {
            Arc::clone(certificates).reload_now().await;
        }
    }
}

/// A listener that fails stops the others.
async fn stop_on_error(
    serving: impl Future<Output = std::io::Result<()>>,
    shutdown: &CancellationToken,
) -> std::io::Result<()> {
    let ended = serving.await;
    if ended.is_err() {
        shutdown.cancel();
    }
    ended
}
