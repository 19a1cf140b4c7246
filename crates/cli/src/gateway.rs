//! `cardea gateway`: the reverse proxy of a configuration file.

use std::sync::Arc;

use cardea_gateway::watch::{ConfigFile, POLL_EVERY};
use cardea_gateway::{Gateway, Serving};
use cardea_seal::Entropy;
use cardea_web::clock::SystemClock;
use cardea_web::inbound::shutdown;

use crate::{commands::GatewayOptions, config::Environment};

/// Serves until a signal.
pub(crate) async fn run(options: GatewayOptions, environment: Environment) -> anyhow::Result<()> {
    cardea_web::prometheus::install();
    let file = ConfigFile::new(options.config, environment);
    let config = file.read()?;
    let shutdown = shutdown::on_signal()?;
    let gateway = Gateway::new(
        config.clone(),
        Arc::new(SystemClock),
        Entropy::system(),
        shutdown.clone(),
    )?;
    let serving = Serving::bind(&config, gateway.clone()).await?;
    tracing::info!(addresses = ?serving.addresses(), hosts = ?config.hosts, "the gateway serves");
    let watching = file.watch(gateway, POLL_EVERY, shutdown.clone());
    let (served, watched) = tokio::join!(serving.run(shutdown.clone()), watching);
    served?;
    watched?;
    tracing::info!("the gateway has stopped");
    Ok(())
}
