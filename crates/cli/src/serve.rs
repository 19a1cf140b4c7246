//! `cardea serve`: the provider of a configuration file.

use std::sync::Arc;

use anyhow::Context;
use cardea_server::{admin, jobs, router};
use cardea_web::{
    clock::{Clock as _, SystemClock},
    inbound::{
        listener::{ListenerConfig, serve, serve_unix},
        shutdown,
        tls::{Certificates, POLL_EVERY},
    },
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::{
    check::files,
    config::{self, DEFAULT_FILE, Run, certificates, database, socket},
    provider::Provider,
};

/// Serves until a signal.
pub(crate) async fn run(run: Run) -> anyhow::Result<()> {
    let file = run.file_or(DEFAULT_FILE);
    let config = config::read(&file, run.environment)?;
    // Before the store is opened: a configuration that cannot be served changes nothing.
    config::validate(&config, SystemClock.now())?;
    let shutdown = shutdown::on_signal()?;
    let tls = certificates(&config)?;
    if let Some(certificates) = &tls {
        let reload = Arc::clone(certificates).reload(POLL_EVERY, shutdown.clone());
        tokio::spawn(reload);
    }
    files::warn(&files::secrets(&file, &config));
    let hangup = signal(SignalKind::hangup())?;
    tokio::spawn(reload_on_hangup(hangup, tls.clone()));
    let address = config.listen_address()?;
    let issuer = config.issuer.clone();
    let socket = socket(&database(&config)?)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let provider = Provider::open(config).await?;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("listen: could not listen on {address}; cardea check says more")
    })?;
    tracing::info!(%address, scheme, issuer, socket = %socket.display(), "cardea serves");
    if provider.has_no_users().await? {
        tracing::warn!("no user can log in yet; add one with: cardea user add NAME");
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
        let operators = serve_unix(
            &socket,
            admin::router(&provider.app),
            ListenerConfig::default(),
            shutdown.clone(),
        );
        let (public, operators) = tokio::join!(
            stop_on_error(public, &shutdown),
            stop_on_error(operators, &shutdown)
        );
        public.context("the listener failed")?;
        operators.with_context(|| format!("the socket {} failed", socket.display()))
    };
    tokio::select! {
        ended = listening => ended?,
        why = provider.store.failed() => anyhow::bail!("the store failed and cannot be used any more: {why}; a restart recovers the file"),
        () = jobs::run(Arc::clone(&provider.app)) => {}
    }
    // What was answered is written already; this closes the file.
    drop(provider);
    tracing::info!("cardea has stopped");
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
