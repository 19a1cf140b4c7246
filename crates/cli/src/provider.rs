//! A provider from its configuration: store, keys, application.

use std::sync::Arc;

use anyhow::Context;
use cardea_seal::Entropy;
use cardea_server::{App, Parts, config::Config};
use cardea_store::sqlite::{OpenError, Options, SqliteStore};
use cardea_web::clock::SystemClock;

use crate::config::database;

/// A provider that is ready to serve.
pub(crate) struct Provider {
    pub(crate) app: Arc<App>,
    pub(crate) store: Arc<SqliteStore>,
}

impl Provider {
    /// Opens the store, applies migrations, and starts the application.
    pub(crate) async fn open(config: Config) -> anyhow::Result<Self> {
        cardea_web::prometheus::install();
        Self::start(config, true).await
    }

    /// Starts the application on a store that is up to date, or new.
    pub(crate) async fn open_current(config: Config) -> anyhow::Result<Self> {
        let new = !database(&config)?.exists();
        Self::start(config, new).await
    }

    async fn start(config: Config, migrate: bool) -> anyhow::Result<Self> {
        let path = database(&config)?;
        let master_key = config.keys.read()?;
        let store = Arc::new(SqliteStore::open(Options { path, migrate })?);
        let parts = Parts {
            store: Arc::clone(&store) as Arc<dyn cardea_store::Store>,
            clock: Arc::new(SystemClock),
            entropy: Entropy::system(),
            master_key,
        };
        let app = App::start(config, parts)
            .await
            .context("the provider cannot start")?;
        Ok(Self { app, store })
    }
}

/// Whether another process has the store open.
pub(crate) fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<OpenError>(),
        Some(OpenError::InUse { .. })
    )
}
