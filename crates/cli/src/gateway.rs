//! `cardea gateway`: the reverse proxy of a configuration file, and its part of `cardea check`.

use std::{path::Path, sync::Arc};

use cardea_gateway::{
    ConfigProblems, GatewayConfig, Prepared,
    watch::{ConfigFile, POLL_EVERY},
};
use cardea_seal::Entropy;
use cardea_server::admin::types::Finding;
use cardea_web::{
    clock::SystemClock,
    config::{lines_of_keys, positions},
    inbound::shutdown,
};
use tokio_util::sync::CancellationToken;

use crate::{
    check::{files, findings_of, outside},
    config::Run,
};

/// The configuration file where none is named.
const DEFAULT_FILE: &str = "gateway.toml";

/// Sections that only the configuration of a gateway has.
const SECTIONS: [&str; 8] = [
    "forward_auth",
    "headers",
    "health",
    "hosts",
    "private_cookies",
    "redirect",
    "routes",
    "upstreams",
];

/// A secret that may be in the file itself.
const CLIENT_SECRET: &str = "forward_auth.login.authentication.client_secret";

/// Serves until a signal.
pub(crate) async fn run(run: Run) -> anyhow::Result<()> {
    cardea_web::prometheus::install();
    let path = run.file_or(DEFAULT_FILE);
    let file = ConfigFile::new(path.clone(), run.environment);
    let config = file.read()?;
    let shutdown = shutdown::on_signal()?;
    let gateway = prepare(&config, shutdown.clone())?;
    files::warn(&secrets(&path, &config));
    let watching = file.watch(gateway.gateway(), POLL_EVERY, shutdown.clone())?;
    let serving = gateway.bind().await?;
    tracing::info!(addresses = ?serving.addresses(), hosts = ?config.hosts, "the gateway serves");
    let (served, ()) = tokio::join!(serving.run(shutdown.clone()), watching);
    served?;
    tracing::info!("the gateway has stopped");
    Ok(())
}

/// Checks a configuration entirely, for the start and for `cardea check`.
fn prepare(config: &GatewayConfig, stop: CancellationToken) -> Result<Prepared, ConfigProblems> {
    Prepared::new(config, Arc::new(SystemClock), Entropy::system(), stop)
}

/// Whether a file is the configuration of a gateway, by its name or by what only a gateway has: some sections, and several addresses.
/// A provider has upstreams too, and an issuer.
pub(crate) fn is_config(path: &Path, text: &str) -> bool {
    let keys = lines_of_keys(text);
    let has_issuer = keys.iter().any(|(key, _)| key == "issuer");
    let is_section = |key: &str| SECTIONS.contains(&key) && !(has_issuer && key == "upstreams");
    let is_own = |key: &str| is_section(key) || key == "tls.client_ca_file";
    path.file_name().is_some_and(|name| name == DEFAULT_FILE)
        || keys.iter().any(|(key, _)| is_own(key))
        || positions(text).contains_key("listen[0]")
}

/// What `cardea check` finds in a gateway's configuration.
pub(crate) async fn findings(path: &Path, run: Run) -> Vec<Finding> {
    let file = ConfigFile::new(path.to_owned(), run.environment);
    let config = match file.read() {
        Ok(config) => config,
        Err(errors) => return findings_of("gateway", &errors),
    };
    let mut findings = match prepare(&config, CancellationToken::new()) {
        Ok(gateway) => {
            let mut findings = vec![Finding::ok("gateway", path.display().to_string())];
            for warning in gateway.warnings() {
                let advice = "this is probably not what you want";
                findings.push(Finding::warning("gateway", warning.to_string(), advice));
            }
            for at in gateway.addresses() {
                findings.push(outside::listen_of("gateway", at.key, at.address).await);
            }
            findings
        }
        Err(problems) => {
            let problems = problems.problems().iter();
            problems
                .map(|problem| Finding::problem("gateway", problem.to_string()))
                .collect()
        }
    };
    findings.extend(secrets(path, &config));
    findings
}

/// Warnings for files with secrets that other users can read.
fn secrets(path: &Path, config: &GatewayConfig) -> Vec<Finding> {
    let files = config.secret_files().into_iter();
    let mut findings: Vec<_> = files
        .filter_map(|(key, file)| files::readable_by_others(key, file))
        .collect();
    if files::is_in_file(path, CLIENT_SECRET) {
        findings.extend(files::secret_in_clear(path));
    }
    findings
}
