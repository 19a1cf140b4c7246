//! `cardea gateway`: the reverse proxy of a configuration file.

use std::sync::Arc;

use cardea_gateway::{
    Gateway, Serving,
    watch::{ConfigFile, POLL_EVERY},
};
use cardea_seal::Entropy;
use cardea_web::{
    clock::SystemClock,
    config::{ConfigError, lines_of_keys},
    inbound::{shutdown, tls::Certificates},
};
use tokio_util::sync::CancellationToken;

use crate::config::Run;

/// The configuration file where none is named.
const DEFAULT_FILE: &str = "gateway.toml";

/// Serves until a signal.
pub(crate) async fn run(run: Run) -> anyhow::Result<()> {
    cardea_web::prometheus::install();
    let file = ConfigFile::new(run.file_or(DEFAULT_FILE), run.environment);
    let config = file.read()?;
    let shutdown = shutdown::on_signal()?;
    let gateway = Gateway::new(
        config.clone(),
        Arc::new(SystemClock),
        Entropy::system(),
        shutdown.clone(),
    )?;
    let watching = file.watch(gateway.clone(), POLL_EVERY, shutdown.clone())?;
    let serving = Serving::bind(&config, gateway).await?;
    tracing::info!(addresses = ?serving.addresses(), hosts = ?config.hosts, "the gateway serves");
    let (served, ()) = tokio::join!(serving.run(shutdown.clone()), watching);
    served?;
    tracing::info!("the gateway has stopped");
    Ok(())
}

/// Whether a file is the configuration of a gateway.
pub(crate) fn is_config(text: &str) -> bool {
    let has = |section| lines_of_keys(text).iter().any(|(key, _)| key == section);
    has("routes") || has("upstreams")
}

/// What is wrong with a gateway's configuration: each problem, and how to correct it where that is known.
pub(crate) fn problems(run: Run) -> Vec<(String, Option<String>)> {
    let config = match ConfigFile::new(run.file_or(DEFAULT_FILE), run.environment).read() {
        Ok(config) => config,
        Err(errors) => {
            let errors = errors.errors().iter();
            let problem = |error: &ConfigError| (error.to_string(), error.help().map(Into::into));
            return errors.map(problem).collect();
        }
    };
    let mut problems = Vec::new();
    let stop = CancellationToken::new();
    let gateway = Gateway::new(
        config.clone(),
        Arc::new(SystemClock),
        Entropy::system(),
        stop,
    );
    problems.extend(gateway.err().map(|error| (error.to_string(), None)));
    if let Some(tls) = &config.tls {
        let loaded = Certificates::load(tls.cert_file.as_ref(), tls.key_file.as_ref());
        let problem = loaded.err().map(|error| (format!("tls: {error}"), None));
        problems.extend(problem);
    }
    problems
}
