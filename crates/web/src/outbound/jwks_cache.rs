//! Remote key sets, cached and kept through outages.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use cardea_jose::KeySet;
use moka::sync::Cache;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::Instrument;

use super::guarded_client::{FetchError, GuardedClient};
use crate::clock::{Clock, Stopwatch};

/// How long a set is used without fetching it again.
const FRESH: Duration = Duration::from_mins(15);
/// How long a set is used while its issuer is unreachable.
const KEEP: Duration = Duration::from_hours(24);
/// The pause between two fetches of one URL, whatever key ids clients send.
const PAUSE: Duration = Duration::from_secs(30);
/// The maximum number of URLs.
const MAX_URLS: u64 = 1000;

const CONTENT_TYPES: [&str; 2] = ["application/json", "application/jwk-set+json"];

/// Why no keys are available.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// The set could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The document is not a key set.
    #[error("not a key set: {0}")]
    Malformed(String),
    /// The latest set is too old.
    #[error("the key set is too old")]
    Outdated,
}

/// Key sets by URL: bounded, with one fetch per URL at a time.
pub struct JwksCache {
    client: GuardedClient,
    watch: Stopwatch,
    entries: Cache<String, Arc<Entry>>,
}

#[derive(Default)]
struct Entry {
    // Outside of the lock: see `keys`.
    kept: ArcSwapOption<Kept>,
    // Held while fetching: callers that need the result wait for it.
    last_try: Arc<Mutex<Option<Try>>>,
}

struct Kept {
    set: Arc<KeySet>,
    since: Duration,
}

struct Try {
    at: Duration,
    failed: Option<JwksError>,
}

impl JwksCache {
    /// An empty cache.
    #[must_use]
    pub fn new(client: GuardedClient, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            watch: Stopwatch::start(clock),
            entries: Cache::new(MAX_URLS),
        }
    }

    /// The keys published at this URL. An unknown `kid` causes another fetch, at most every 30 s; the set may still not have
    /// it.
    ///
    /// # Errors
    /// When there is no set younger than a day, and the fetch failed.
    pub async fn keys(&self, url: &str, kid: Option<&str>) -> Result<Arc<KeySet>, JwksError> {
        let entry = self.entries.get_with_by_ref(url, Arc::default);
        // Before the lock; otherwise a client with an unknown key id makes all others wait for a slow issuer.
        if let Some(set) = entry.good(self.watch.passed(), kid) {
            return Ok(set);
        }
        let last_try = Arc::clone(&entry.last_try).lock_owned().await;
        let now = self.watch.passed();
        if let Some(set) = entry.good(now, kid) {
            return Ok(set);
        }
        if let Some(last) = last_try.as_ref().filter(|last| now < last.at + PAUSE) {
            let failed = last.failed.clone();
            return entry
                .kept(now)
                .ok_or_else(|| failed.unwrap_or(JwksError::Outdated));
        }
        // In a task that does not end with the caller: otherwise a client that disconnects could cause fetches without a
        // pause.
        let refreshed = entry.refresh(self.client.clone(), url.to_owned(), now, last_try);
        tokio::spawn(refreshed.in_current_span())
            .await
            .unwrap_or(Err(JwksError::Outdated))
    }
}

impl Entry {
    async fn refresh(
        self: Arc<Self>,
        client: GuardedClient,
        url: String,
        now: Duration,
        mut last_try: OwnedMutexGuard<Option<Try>>,
    ) -> Result<Arc<KeySet>, JwksError> {
        let fetched = fetch(&client, &url).await;
        *last_try = Some(Try {
            at: now,
            failed: fetched.as_ref().err().cloned(),
        });
        match fetched {
            Ok(set) => {
                let set = Arc::new(set);
                self.kept.store(Some(Arc::new(Kept {
                    set: Arc::clone(&set),
                    since: now,
                })));
                Ok(set)
            }
            Err(error) => {
                tracing::warn!(%error, "could not refresh a key set");
                self.kept(now).ok_or(error)
            }
        }
    }

    /// The set if it is fresh and has the requested key.
    fn good(&self, now: Duration, kid: Option<&str>) -> Option<Arc<KeySet>> {
        let kept = self.kept.load();
        let kept = kept.as_ref()?;
        let fresh = now < kept.since + FRESH;
        let has = kid.is_none_or(|kid| kept.set.find(kid).is_some());
        (fresh && has).then(|| Arc::clone(&kept.set))
    }

    /// The latest set, unless it is too old even for an outage.
    fn kept(&self, now: Duration) -> Option<Arc<KeySet>> {
        let kept = self.kept.load();
        let kept = kept.as_ref()?;
        (now < kept.since + KEEP).then(|| Arc::clone(&kept.set))
    }
}

async fn fetch(client: &GuardedClient, url: &str) -> Result<KeySet, JwksError> {
    let body = client.get(url, &CONTENT_TYPES).await?;
    KeySet::parse(&body).map_err(|error| JwksError::Malformed(error.to_string()))
}
