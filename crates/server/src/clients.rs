//! The client directory, in memory: a token request must not cost a read of the store.
//!
//! An entry is at most a second old, so that a client that another node disables is dead everywhere
//! within that time; a change on this node is seen at once. Steps that write check the client
//! again in their own transaction.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use cardea_jose::Algorithm;
use cardea_protocol::{
    explain::NameIndex,
    model::{Client, ClientId},
};
use cardea_store::{Store, StoreError};
use cardea_web::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;

const FRESH: SignedDuration = SignedDuration::from_secs(1);
const MAX_CACHED: u64 = 10_000;
/// How long an entry that is not asked for takes memory.
const KEPT: Duration = Duration::from_secs(60);
/// D21: the index of origins is bounded.
const MAX_ORIGINS: usize = 10_000;
/// The names that an unknown one is compared with are bounded too.
const MAX_NAMES: usize = 10_000;
/// How many clients are named where a request names none.
const MAX_NAMED: usize = 8;

/// The clients of the store.
pub(crate) struct ClientDirectory {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    cache: Cache<String, (Arc<Client>, Timestamp)>,
    origins: ArcSwap<HashSet<String>>,
    algorithms: ArcSwap<Vec<Algorithm>>,
    names: ArcSwap<NameIndex>,
    /// The revision of the clients that the indexes were read from.
    revision: AtomicI64,
}

impl ClientDirectory {
    /// Reads the indexes, which are needed before the first request.
    pub(crate) async fn load(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let directory = Self {
            store,
            clock,
            cache: Cache::builder()
                .max_capacity(MAX_CACHED)
                .time_to_idle(KEPT)
                .build(),
            origins: ArcSwap::default(),
            algorithms: ArcSwap::default(),
            names: ArcSwap::default(),
            revision: AtomicI64::new(0),
        };
        directory.refresh().await?;
        Ok(directory)
    }

    /// The client of an identifier as it was presented. Unknown ids are not cached.
    pub(crate) async fn find(&self, presented: &str) -> Result<Option<Arc<Client>>, StoreError> {
        let now = self.clock.now();
        if let Some((client, read_at)) = self.cache.get(presented)
            && now.duration_since(read_at).abs() < FRESH
        {
            return Ok(Some(client));
        }
        let Ok(id) = ClientId::parse(presented) else {
            return Ok(None);
        };
        let Some(client) = self.store.client(&id).await?.map(Arc::new) else {
            self.cache.invalidate(presented);
            return Ok(None);
        };
        self.cache
            .insert(presented.to_owned(), (Arc::clone(&client), now));
        Ok(Some(client))
    }

    /// Forgets what was read, and reads the indexes again: each enabled client once, one at a time in memory.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        self.cache.invalidate_all();
        // Asked first: a change that comes while the clients are read leads to another refresh.
        let revision = self.store.clients_revision().await?;
        let mut origins = HashSet::new();
        let mut algorithms = Vec::new();
        let mut names = Vec::new();
        let mut visit = |client: &Client| {
            let room = MAX_ORIGINS.saturating_sub(origins.len());
            origins.extend(client.origins().iter().take(room).cloned());
            if names.len() < MAX_NAMES {
                names.push(client.id().to_string());
            }
            let metadata = client.metadata();
            let wanted = [
                metadata.access_token_signing_alg,
                metadata.id_token_signed_response_alg,
                metadata.userinfo_signed_response_alg,
            ];
            for algorithm in wanted.into_iter().flatten() {
                if !algorithms.contains(&algorithm) {
                    algorithms.push(algorithm);
                }
            }
        };
        self.store.visit_enabled_clients(&mut visit).await?;
        self.origins.store(Arc::new(origins));
        self.algorithms.store(Arc::new(algorithms));
        self.names.store(Arc::new(NameIndex::new(names)));
        self.revision.store(revision, Ordering::Relaxed);
        Ok(())
    }

    /// Reads the indexes again if a client has changed since, here or on another node.
    pub(crate) async fn refresh_if_changed(&self) -> Result<(), StoreError> {
        if self.store.clients_revision().await? == self.revision.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.refresh().await
    }

    /// Whether an enabled client may be called from pages of this origin.
    pub(crate) fn knows_origin(&self, origin: &str) -> bool {
        self.origins.load().contains(origin)
    }

    /// An enabled client that may be meant by an unknown identifier, for the log.
    pub(crate) fn similar(&self, unknown: &str) -> Option<String> {
        self.names.load().similar(unknown).map(str::to_owned)
    }

    /// Some enabled clients, for the log of a request that names none.
    pub(crate) fn some(&self) -> Vec<String> {
        let names = self.names.load();
        names.first(MAX_NAMED).map(str::to_owned).collect()
    }

    /// The algorithms that clients ask for beyond the defaults.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        self.algorithms.load().to_vec()
    }
}
