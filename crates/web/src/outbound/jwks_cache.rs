//! Key sets of others, kept for a while and through outages.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use cardea_jose::KeySet;
use moka::sync::Cache;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::Instrument;

use super::guarded_client::{FetchError, GuardedClient};
use crate::clock::{Clock, Stopwatch};

/// As long a set is used without asking again.
const FRESH: Duration = Duration::from_mins(15);
/// As long a set serves while its issuer cannot be reached.
const KEEP: Duration = Duration::from_hours(24);
/// Between two fetches of one URL, whatever kids strangers invent.
const PAUSE: Duration = Duration::from_secs(30);
/// URLs that are remembered.
const MAX_URLS: u64 = 1000;

const CONTENT_TYPES: [&str; 2] = ["application/json", "application/jwk-set+json"];

/// Why there are no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// The set could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What was fetched is no key set.
    #[error("no key set: {0}")]
    Malformed(String),
    /// The last set is too old to be used.
    #[error("the key set is too old")]
    Outdated,
}

/// Key sets by URL: bounded, each fetched by one caller at a time.
pub struct JwksCache {
    client: GuardedClient,
    watch: Stopwatch,
    entries: Cache<String, Arc<Entry>>,
}

#[derive(Default)]
struct Entry {
    // Beside the lock, not under it: see `keys`.
    kept: ArcSwapOption<Kept>,
    // Held while fetching: whoever needs the answer waits for it.
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

    /// The keys published at this URL. A `kid` that isn't among them makes it look again, at most
    /// every 30 s; whether the set then has it is for the caller to see.
    ///
    /// # Errors
    /// When there is no set that is younger than a day, and none could be fetched.
    pub async fn keys(&self, url: &str, kid: Option<&str>) -> Result<Arc<KeySet>, JwksError> {
        let entry = self.entries.get_with_by_ref(url, Arc::default);
        // Before the lock, or a stranger who invents a kid makes all others wait for a slow issuer.
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
        // In a task, which a caller that goes away doesn't end: by asking and leaving, a stranger could make us fetch
        // without a pause.
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
                tracing::warn!(%error, "a key set could not be refreshed");
                self.kept(now).ok_or(error)
            }
        }
    }

    /// A set that needs no question: fresh, and with the key that is asked for.
    fn good(&self, now: Duration, kid: Option<&str>) -> Option<Arc<KeySet>> {
        let kept = self.kept.load();
        let kept = kept.as_ref()?;
        let fresh = now < kept.since + FRESH;
        let has = kid.is_none_or(|kid| kept.set.find(kid).is_some());
        (fresh && has).then(|| Arc::clone(&kept.set))
    }

    /// The last set, unless it is too old even for an outage.
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
