//! A provider from its configuration: store, keys, application.

use std::sync::Arc;

use anyhow::Context;
use cardea_seal::Entropy;
use cardea_server::{App, Parts, config::Config};
use cardea_store::{
    Store,
    postgres::{self, PostgresStore},
    sqlite::{self, OpenError, SqliteStore},
};
use cardea_web::clock::SystemClock;

use crate::database::Database;

/// A provider that is ready to serve.
pub(crate) struct Provider {
    pub(crate) app: Arc<App>,
    pub(crate) store: Opened,
}

/// Its store.
pub(crate) enum Opened {
    File(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl Opened {
    /// Opens a database; applies migrations if that is allowed.
    pub(crate) async fn open(database: Database, migrate: bool) -> anyhow::Result<Self> {
        Ok(match database {
            Database::File(path) => {
                let options = sqlite::Options { path, migrate };
                Self::File(Arc::new(SqliteStore::open(options)?))
            }
            Database::Postgres {
                address,
                connections,
            } => {
                let options = postgres::Options {
                    migrate,
                    address: *address,
                    connections: connections.into(),
                };
                Self::Postgres(Arc::new(PostgresStore::open(options).await?))
            }
        })
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::File(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// Why the store can't be used any more, once that is so. A connection to PostgreSQL is made again.
    pub(crate) async fn failed(&self) -> String {
        match self {
            Self::File(store) => store.failed().await,
            Self::Postgres(_) => std::future::pending().await,
        }
    }
}

impl Provider {
    /// Opens the store, applies migrations, and starts the application.
    pub(crate) async fn open(config: Config) -> anyhow::Result<Self> {
        cardea_web::prometheus::install();
        let database = Database::of(&config)?;
        Self::start(config, database, (true, true)).await
    }

    /// Starts the application on a store that is up to date, or new. Nodes may serve a database of PostgreSQL meanwhile, by
    /// configurations of their own.
    pub(crate) async fn open_current(config: Config) -> anyhow::Result<Self> {
        let database = Database::of(&config)?;
        let is_new = database.is_new().await?;
        let applies_config = is_new || matches!(database, Database::File(_));
        Self::start(config, database, (is_new, applies_config)).await
    }

    async fn start(
        config: Config,
        database: Database,
        (migrate, applies_config): (bool, bool),
    ) -> anyhow::Result<Self> {
        let master_key = config.keys.read()?;
        let store = Opened::open(database, migrate).await?;
        let parts = Parts {
            store: store.store(),
            clock: Arc::new(SystemClock),
            entropy: Entropy::system(),
            master_key,
            applies_config,
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
