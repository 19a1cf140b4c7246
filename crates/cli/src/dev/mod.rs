//! `cardea dev` (D23): a provider, an API and two apps that log in to it, on loopback, in one process, with everything seeded.
//!
//! [`Stage`] says where everything is; `parts.rs` makes a configuration of that for each part; here each part gets its listener.

mod data;
mod door;
mod greeting;
mod holder;
mod parts;
mod ports;
mod stage;
mod wall;

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use cardea_machine::Machine;
use cardea_server::jobs;
use cardea_web::inbound::{
    listener::{ListenerConfig, serve},
    shutdown,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::{
    data::Data,
    ports::{Bound, Ports},
    stage::Stage,
};
use crate::{commands::DevOptions, provider::Provider};

/// Serves until a signal.
pub(crate) async fn run(options: DevOptions) -> anyhow::Result<()> {
    greeting::warn()?;
    let ports = match options.gateway {
        None => Ports::in_the_open(options.port).await?,
        Some(port) => Ports::behind_a_gateway(port).await?,
    };
    let data = Data::open(options.data.as_deref(), options.gateway.is_some())?;
    let stage = Stage::set(&ports, data.path())?;
    let shutdown = shutdown::on_signal()?;
    let provider = Provider::open(parts::provider(&stage)).await?;
    let serving = open_doors(&stage, ports, &provider, &shutdown)?;
    let token = Machine::new(parts::machine(&stage))?.token().await;
    let token = token.context("the first token")?;
    greeting::say(&stage, &token)?;
    tokio::select! {
        ended = all(serving) => ended?,
        why = provider.store.failed() => anyhow::bail!("the store can't be trusted any more: {why}; start again"),
        () = jobs::run(Arc::clone(&provider.app)) => {}
    }
    // What was answered is written already; this closes the file before its folder goes.
    drop(provider);
    greeting::farewell()?;
    Ok(())
}

type Serving = JoinSet<std::io::Result<()>>;

/// A listener for each part.
fn open_doors(
    stage: &Stage,
    ports: Ports,
    provider: &Provider,
    shutdown: &CancellationToken,
) -> anyhow::Result<Serving> {
    let mut serving = Serving::new();
    let mut open = |at: Bound, router: Router| {
        let bounds = ListenerConfig::default();
        let router = wall::around(router, stage.names(at.port));
        serving.spawn(serve(at.listeners, router, bounds, shutdown.clone()));
    };
    open(ports.provider, cardea_server::router(&provider.app));
    open(ports.api, cardea_orders_api::router(&parts::api(stage))?);
    open(ports.spa, cardea_spa_bff::router(&parts::spa(stage))?);
    open(ports.webapp, cardea_webapp::router(&parts::webapp(stage))?);
    if let Some((at, door)) = ports.gateway.zip(stage.gateway.as_ref()) {
        let gateway = door::gateway(stage, door, at.listeners, shutdown)?;
        serving.spawn(gateway.run(shutdown.clone()));
    }
    Ok(serving)
}

/// Until all have ended, or one has failed.
async fn all(mut serving: Serving) -> anyhow::Result<()> {
    while let Some(ended) = serving.join_next().await {
        ended?.context("a listener failed")?;
    }
    Ok(())
}
