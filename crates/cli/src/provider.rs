//! A provider from its configuration: store, keys, application, jobs.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use cardea_seal::Entropy;
use cardea_server::{App, Parts, config::Config};
use cardea_store::sqlite::{Options, SqliteStore};
use cardea_web::clock::SystemClock;

/// A provider that is ready to serve.
pub(crate) struct Provider {
    pub(crate) app: Arc<App>,
    pub(crate) store: Arc<SqliteStore>,
}

impl Provider {
    /// Opens the store, applies migrations, and starts the application.
    pub(crate) async fn open(config: Config) -> anyhow::Result<Self> {
        cardea_server::install_metrics();
        let path = database(&config)?;
        let master_key = config.keys.read()?;
        let store = SqliteStore::open(Options {
            path,
            migrate: true,
        })?;
        let store = Arc::new(store);
        let parts = Parts {
            store: Arc::clone(&store) as Arc<dyn cardea_store::Store>,
            clock: Arc::new(SystemClock),
            entropy: Entropy::system(),
            master_key,
        };
        let app = App::start(config, parts)
            .await
            .context("the provider can't start")?;
        Ok(Self { app, store })
    }
}

/// The file of `store.url`.
pub(crate) fn database(config: &Config) -> anyhow::Result<PathBuf> {
    let url = &config.store.url;
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => bail!(
            "store.url: \"{url}\" is not sqlite: and the path of a file, such as sqlite:cardea.db"
        ),
    }
}
