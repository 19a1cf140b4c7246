//! `cardea dev` (D23): a provider, an API and two apps that log in to it, on loopback, in one process, with everything seeded.
//!
//! [`Stage`] has the addresses; `parts.rs` makes a configuration of that for each part; here each part gets its listener.

mod admin;
mod data;
mod door;
mod greeting;
mod parts;
mod ports;
mod stage;
mod wall;

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use cardea_machine::Machine;
use cardea_server::{config::development::DEMO_CLIENTS, jobs};
use cardea_web::{
    clock::{Clock as _, SystemClock},
    inbound::{
        listener::{ListenerConfig, serve},
        shutdown,
    },
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use self::{
    admin::Admin,
    data::Data,
    greeting::{Greeting, Printer},
    ports::{Bound, Ports},
    stage::Stage,
};
use crate::{
    commands::DevOptions,
    config::{self, Run},
    provider::Provider,
};

/// Serves until a signal.
pub(crate) async fn run(options: DevOptions, run: Run) -> anyhow::Result<()> {
    let over = match &run.config {
        None => None,
        Some(file) => Some(config::read(file, run.environment)?),
    };
    if let Some(client) = over.as_ref().and_then(|file| {
        let mut clients = file.clients.iter();
        clients.find(|client| DEMO_CLIENTS.contains(&client.client_id.as_str()))
    }) {
        anyhow::bail!(
            "the demo itself uses the client {}; choose another client_id in the file of --config",
            client.client_id
        );
    }
    let mut printer = Printer::stdout();
    printer.warn();
    let data = Data::open(options.data.as_deref(), options.gateway.is_some())?;
    // Before anything listens: from then on no signal leaves the folder behind.
    let shutdown = shutdown::on_signal_then(data.removal())?;
    tokio::spawn(stop_on_hangup(
        signal(SignalKind::hangup())?,
        shutdown.clone(),
    ));
    let ports = match options.gateway {
        None => Ports::in_the_open(options.port).await?,
        Some(port) => Ports::behind_a_gateway(port).await?,
    };
    let stage = Stage::set(&ports, data.path())?;
    let config = parts::provider(&stage, over, &options.clients);
    config::validate(&config, SystemClock.now())?;
    let admin = Admin::at(&config)?;
    let provider = Provider::open(config).await?;
    let mut serving = serve_parts(&stage, ports, &provider, &shutdown)?;
    serving.spawn(admin.serve(&provider, &shutdown));
    let machine = Machine::new(parts::machine(&stage))?;
    let token = tokio::select! {
        token = machine.token() => token.context("the first token")?,
        // A signal during the start.
        () = shutdown.cancelled() => {
            printer.farewell();
            return Ok(());
        }
    };
    let greeting = Greeting {
        stage: &stage,
        token: &token,
        own: &options.clients,
        admin: admin.file(),
    };
    printer.greet(&greeting)?;
    tokio::select! {
        ended = all(serving) => ended?,
        why = provider.store.failed() => anyhow::bail!("the store failed and cannot be used any more: {why}; start again"),
        () = jobs::run(Arc::clone(&provider.app)) => {}
    }
    jobs::finish(&provider.app).await;
    // What was answered is written already; this closes the file before its folder goes.
    drop(provider);
    printer.farewell();
    Ok(())
}

/// The terminal was closed.
async fn stop_on_hangup(mut hangup: Signal, shutdown: CancellationToken) {
    hangup.recv().await;
    shutdown.cancel();
}

type Serving = JoinSet<std::io::Result<()>>;

/// A listener for each part.
fn serve_parts(
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
