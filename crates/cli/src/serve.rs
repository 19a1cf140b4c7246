//! `cardea serve`: the provider of a configuration file.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use cardea_server::{admin, jobs, router};
use cardea_web::inbound::{
    listener::{ListenerConfig, serve, serve_unix},
    shutdown,
    tls::{Certificates, POLL_EVERY},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    commands::ServeOptions,
    config::{self, Environment, database, socket},
    provider::Provider,
};

/// Serves until a signal.
pub(crate) async fn run(options: &ServeOptions, environment: Environment) -> anyhow::Result<()> {
    let config = config::read(&options.config.config, environment)?;
    let address = config.listen_address()?;
    let shutdown = shutdown::on_signal()?;
    let tls = match &config.tls {
        None => None,
        Some(files) => {
            let certificates =
                Certificates::load(Path::new(&files.cert_file), Path::new(&files.key_file))?;
            tokio::spawn(Arc::clone(&certificates).reload(POLL_EVERY, shutdown.clone()));
            Some(certificates)
        }
    };
    let issuer = config.issuer.clone();
    let socket = socket(&database(&config)?)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let provider = Provider::open(config).await?;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("listen: {address} can't be listened at; cardea check says more")
    })?;
    tracing::info!(%address, scheme, issuer, socket = %socket.display(), "cardea serves");
    let listening = async {
        let bounds = ListenerConfig {
            tls,
            trusted: provider.app.trusted_proxies().to_vec(),
            ..ListenerConfig::default()
        };
        let people = serve(
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
        let (people, operators) = tokio::join!(
            stop_on_error(people, &shutdown),
            stop_on_error(operators, &shutdown)
        );
        people.context("the listener failed")?;
        operators.with_context(|| format!("the socket {} failed", socket.display()))
    };
    tokio::select! {
        ended = listening => ended?,
        why = provider.store.failed() => anyhow::bail!("the store can't be trusted any more: {why}; start again, and the file is recovered"),
        () = jobs::run(Arc::clone(&provider.app)) => {}
    }
    // What was answered is written already; this closes the file.
    drop(provider);
    tracing::info!("cardea has stopped");
    Ok(())
}

/// One that can't go on stops the others.
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
