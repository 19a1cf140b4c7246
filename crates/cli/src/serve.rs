//! `cardea serve`: the provider of a configuration file.

use std::{net::SocketAddr, path::Path, sync::Arc};

use anyhow::Context;
use cardea_server::{config::Config, jobs, router};
use cardea_web::{
    config::load,
    inbound::{
        listener::{ListenerConfig, serve},
        shutdown,
        tls::{Certificates, POLL_EVERY},
    },
};
use tokio::net::TcpListener;

use crate::{commands::ConfigOption, provider::Provider};

pub(crate) async fn run(
    options: &ConfigOption,
    environment: Vec<(String, String)>,
) -> anyhow::Result<()> {
    let config: Config = load(&options.config, environment.into_iter())?;
    let address: SocketAddr = config.listen.parse().with_context(|| {
        format!(
            "listen: \"{}\" is not an address and port such as 127.0.0.1:9000",
            config.listen
        )
    })?;
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
    let provider = Provider::open(config).await?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("listen: {address}"))?;
    tracing::info!(%address, issuer, "cardea serves");
    let listening = serve(
        vec![listener],
        router(&provider.app),
        ListenerConfig {
            tls,
            ..ListenerConfig::default()
        },
        shutdown,
    );
    tokio::select! {
        ended = listening => ended.context("the listener failed"),
        why = provider.store.failed() => Err(anyhow::anyhow!("the store can't be trusted any more: {why}; start again, and the file is recovered")),
        () = jobs::run(Arc::clone(&provider.app)) => Ok(()),
    }
}
