//! The clients, in memory: a token request must not cost a row of the store.
//!
//! An entry is at most a second old, so that a client that another node disables is dead everywhere
//! within that time; what this node changes is forgotten at once. Steps that write check the client
//! again in their own transaction.

use std::{collections::HashSet, sync::Arc};

use arc_swap::ArcSwap;
use cardea_jose::Algorithm;
use cardea_protocol::model::{Client, ClientId};
use cardea_store::{Page, Store, StoreError};
use cardea_web::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;

const FRESH: SignedDuration = SignedDuration::from_secs(1);
const MAX_CACHED: u64 = 10_000;
/// D21: the index of origins is bounded.
const MAX_ORIGINS: usize = 10_000;

/// The clients of the store.
pub(crate) struct ClientDirectory {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    cache: Cache<String, (Arc<Client>, Timestamp)>,
    origins: ArcSwap<HashSet<String>>,
    algorithms: ArcSwap<Vec<Algorithm>>,
}

impl ClientDirectory {
    /// Reads what has to be known before the first request.
    pub(crate) async fn load(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let directory = Self {
            store,
            clock,
            cache: Cache::new(MAX_CACHED),
            origins: ArcSwap::default(),
            algorithms: ArcSwap::default(),
        };
        directory.refresh().await?;
        Ok(directory)
    }

    /// The client of an identifier as it was presented. Ids that nobody has are not remembered.
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

    /// Forgets what was read, and reads the indexes again.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        self.cache.invalidate_all();
        let mut origins = HashSet::new();
        let mut algorithms = Vec::new();
        let mut page = Page {
            limit: Page::MAX,
            offset: 0,
        };
        loop {
            let clients = self.store.clients(page).await?;
            for client in clients.iter().filter(|c| c.is_enabled()) {
                origins.extend(
                    client
                        .origins()
                        .iter()
                        .take(MAX_ORIGINS - origins.len())
                        .cloned(),
                );
                let metadata = client.metadata();
                let wanted = [
                    metadata.access_token_signing_alg,
                    metadata.id_token_signed_response_alg,
                    metadata.userinfo_signed_response_alg,
                ];
                algorithms.extend(wanted.into_iter().flatten());
            }
            if clients.len() < Page::MAX as usize {
                break;
            }
            page.offset = page.offset.saturating_add(Page::MAX);
        }
        self.origins.store(Arc::new(origins));
        self.algorithms.store(Arc::new(algorithms));
        Ok(())
    }

    /// Whether an enabled client may be called from pages of this origin.
    pub(crate) fn knows_origin(&self, origin: &str) -> bool {
        self.origins.load().contains(origin)
    }

    /// The algorithms that clients ask for beyond the defaults.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        self.algorithms.load().to_vec()
    }
}
