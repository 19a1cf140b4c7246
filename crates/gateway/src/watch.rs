//! Reloads the configuration while the gateway serves.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use cardea_web::{
    config::{ConfigErrors, load},
    inbound::tls::{FileMark, mark},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{config::GatewayConfig, gateway::Gateway, problem::Places};

/// How often the file is checked for changes.
pub const POLL_EVERY: Duration = Duration::from_secs(5);

/// What is known of each file, to see a change.
type Marks = HashMap<PathBuf, Option<FileMark>>;

/// A configuration file, with the environment variables that override it.
pub struct ConfigFile {
    path: PathBuf,
    environment: Vec<(String, String)>,
}

impl ConfigFile {
    /// A file and the environment variables that override it.
    #[must_use]
    pub fn new(path: PathBuf, environment: Vec<(String, String)>) -> Self {
        Self { path, environment }
    }

    /// Reads it. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// All unknown keys and invalid variables, and the first invalid value, each with its position.
    pub fn read(&self) -> Result<GatewayConfig, ConfigErrors> {
        let mut config: GatewayConfig = load(&self.path, self.environment.iter().cloned())?;
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        config.places = Places::of(&self.path.display().to_string(), &text, &self.environment);
        if let Some(folder) = self.path.parent() {
            config.place(folder);
        }
        Ok(config)
    }

    /// Reloads the file on SIGHUP, and when it or a certificate for an upstream changes, until `shutdown`. An invalid file is
    /// logged, and the old configuration stays in use. Signals and changes count from this call on: make it before the gateway
    /// listens.
    ///
    /// # Errors
    /// When the process cannot listen for signals.
    pub fn watch(
        self,
        gateway: Gateway,
        poll_every: Duration,
        shutdown: CancellationToken,
    ) -> std::io::Result<impl Future<Output = ()> + Send> {
        let hangup = signal(SignalKind::hangup())?;
        let seen = self.marks(&gateway);
        let reloading = self.reload_until_stopped(gateway, poll_every, hangup, seen);
        Ok(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = reloading => {}
            }
        })
    }

    async fn reload_until_stopped(
        self,
        gateway: Gateway,
        poll_every: Duration,
        mut hangup: Signal,
        mut seen: Marks,
    ) {
        loop {
            let is_forced = tokio::select! {
                _ = hangup.recv() => true,
                () = tokio::time::sleep(poll_every) => false,
            };
            let found = self.marks(&gateway);
            if !is_forced
                && found
                    .iter()
                    .all(|(file, mark)| seen.get(file) == Some(mark))
            {
                continue;
            }
            self.reload(&gateway);
            // New files are marked now. The others keep the mark from before they were read, so that a change in between is seen
            // next time.
            seen = self.marks(&gateway);
            seen.extend(found);
        }
    }

    fn reload(&self, gateway: &Gateway) {
        let path = self.path.display();
        match self.read() {
            Err(errors) => {
                tracing::error!(file = %path, %errors, "configuration not reloaded; the old one stays in use");
            }
            Ok(config) => match gateway.reload(config) {
                Err(error) => {
                    tracing::error!(file = %path, %error, "configuration not reloaded; the old one stays in use");
                }
                Ok(()) => tracing::info!(file = %path, "configuration reloaded"),
            },
        }
    }

    fn marks(&self, gateway: &Gateway) -> Marks {
        let files = gateway.files().into_iter().map(PathBuf::from);
        let all = std::iter::once(self.path.clone()).chain(files);
        all.map(|file| (file.clone(), mark(&file))).collect()
    }
}
