//! The administration of `cardea dev`: a socket beside the database, and a configuration file that leads the commands there.

use std::path::{Path, PathBuf};

use cardea_server::{admin, config::Config};
use cardea_web::inbound::listener::{ListenerConfig, serve_unix};
use tokio_util::sync::CancellationToken;

use crate::{database::Database, provider::Provider};

/// Where the administration is reached.
pub(crate) struct Admin {
    socket: PathBuf,
    file: PathBuf,
}

impl Admin {
    /// Beside the database of a configuration. Writes the file for the commands.
    pub(crate) fn at(config: &Config) -> anyhow::Result<Self> {
        let database = Database::of(config)?;
        let (Database::File(path), Some(socket)) = (&database, database.socket()?) else {
            anyhow::bail!("the store of cardea dev is a file");
        };
        let file = path.with_file_name(crate::config::DEFAULT_FILE);
        let text = format!(
            "# Written by cardea dev, for the commands: cardea user list --config FILE\n\
             issuer = {:?}\nlisten = {:?}\n\n[store]\nurl = \"sqlite:cardea.db\"\n\n[keys]\nmaster_key_file = \"master.key\"\n",
            config.issuer, config.listen
        );
        std::fs::write(&file, text)?;
        Ok(Self { socket, file })
    }

    /// The file for the commands.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Serves the socket until `shutdown`.
    pub(crate) fn serve(
        &self,
        provider: &Provider,
        shutdown: &CancellationToken,
    ) -> impl Future<Output = std::io::Result<()>> + Send + 'static {
        let (socket, shutdown) = (self.socket.clone(), shutdown.clone());
        let router = admin::router(&provider.app);
        async move { serve_unix(&socket, router, ListenerConfig::default(), shutdown).await }
    }
}
