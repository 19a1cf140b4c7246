//! The configuration, taken anew while the gateway serves.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use cardea_web::config::{ConfigErrors, load};
use cardea_web::inbound::tls::{FileMark, mark};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::GatewayConfig;
use crate::gateway::Gateway;

/// How often the file is looked at.
pub const POLL_EVERY: Duration = Duration::from_secs(5);

/// A configuration file, with the variables that win over it.
pub struct ConfigFile {
    path: PathBuf,
    environment: Vec<(String, String)>,
}

impl ConfigFile {
    /// This file under these variables.
    #[must_use]
    pub fn new(path: PathBuf, environment: Vec<(String, String)>) -> Self {
        Self { path, environment }
    }

    /// Reads it. Paths in it are relative to it.
    ///
    /// # Errors
    /// All unknown keys and bad variables, and the first bad value, each with its place.
    pub fn read(&self) -> Result<GatewayConfig, ConfigErrors> {
        let mut config: GatewayConfig = load(&self.path, self.environment.iter().cloned())?;
        if let Some(folder) = self.path.parent() {
            config.place(folder);
        }
        Ok(config)
    }

    /// Takes the file anew on SIGHUP, and when it or a certificate it names for an upstream changes, until `shutdown`. A file that
    /// can't be is told in the log, and the old configuration stays.
    ///
    /// # Errors
    /// When the process cannot listen for signals.
    pub async fn watch(
        self,
        gateway: Gateway,
        poll_every: Duration,
        shutdown: CancellationToken,
    ) -> std::io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut seen = self.marks(&gateway);
        loop {
            let asked = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                _ = hangup.recv() => true,
                () = tokio::time::sleep(poll_every) => false,
            };
            let found = self.marks(&gateway);
            if !asked
                && found
                    .iter()
                    .all(|(file, mark)| seen.get(file) == Some(mark))
            {
                continue;
            }
            self.take(&gateway);
            // With the files of the configuration that is in use now; those of before as they were marked before they were read, so that
            // a change meanwhile is seen next time.
            seen = self.marks(&gateway);
            seen.extend(found);
        }
    }

    fn take(&self, gateway: &Gateway) {
        let path = self.path.display();
        match self.read() {
            Err(errors) => tracing::error!(file = %path, %errors, "the old configuration stays"),
            Ok(config) => match gateway.reload(config) {
                Err(error) => tracing::error!(file = %path, %error, "the old configuration stays"),
                Ok(()) => tracing::info!(file = %path, "configuration reloaded"),
            },
        }
    }

    fn marks(&self, gateway: &Gateway) -> HashMap<PathBuf, Option<FileMark>> {
        let files = gateway.files().into_iter().map(PathBuf::from);
        let all = std::iter::once(self.path.clone()).chain(files);
        all.map(|file| (file.clone(), mark(&file))).collect()
    }
}
