//! Key sets of others, kept for a while and through outages.

use std::sync::Arc;

use cardea_jose::KeySet;
use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;
use tokio::sync::Mutex;

use super::guarded_client::{FetchError, GuardedClient};
use crate::clock::Clock;

/// As long a set is used without asking again.
const FRESH: SignedDuration = SignedDuration::from_mins(15);
/// As long a set serves while its issuer cannot be reached.
const KEEP: SignedDuration = SignedDuration::from_hours(24);
/// Between two fetches of one URL, whatever kids strangers invent.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);
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
    clock: Arc<dyn Clock>,
    entries: Cache<String, Arc<Mutex<Entry>>>,
}

#[derive(Default)]
struct Entry {
    keys: Option<Kept>,
    last_try: Option<Try>,
}

struct Kept {
    set: Arc<KeySet>,
    since: Timestamp,
}

struct Try {
    at: Timestamp,
    failed: Option<JwksError>,
}

impl JwksCache {
    /// An empty cache.
    #[must_use]
    pub fn new(client: GuardedClient, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            clock,
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
        // Held while fetching: whoever comes meanwhile waits, and finds the answer.
        let mut entry = entry.lock().await;
        let now = self.clock.now();
        if let Some(set) = entry.good(now, kid) {
            return Ok(set);
        }
        if let Some(last) = entry.last_try.as_ref().filter(|last| now < last.at + PAUSE) {
            let failed = last.failed.clone();
            return entry
                .kept(now)
                .ok_or_else(|| failed.unwrap_or(JwksError::Outdated));
        }
        let fetched = self.fetch(url).await;
        entry.last_try = Some(Try {
            at: now,
            failed: fetched.as_ref().err().cloned(),
        });
        match fetched {
            Ok(set) => {
                let set = Arc::new(set);
                entry.keys = Some(Kept {
                    set: Arc::clone(&set),
                    since: now,
                });
                Ok(set)
            }
            Err(error) => {
                tracing::warn!(%error, "a key set could not be refreshed");
                entry.kept(now).ok_or(error)
            }
        }
    }

    async fn fetch(&self, url: &str) -> Result<KeySet, JwksError> {
        let body = self.client.get(url, &CONTENT_TYPES).await?;
        KeySet::parse(&body).map_err(|error| JwksError::Malformed(error.to_string()))
    }
}

impl Entry {
    /// A set that needs no question: fresh, and with the key that is asked for.
    fn good(&self, now: Timestamp, kid: Option<&str>) -> Option<Arc<KeySet>> {
        let kept = self.keys.as_ref()?;
        let fresh = now < kept.since + FRESH;
        let has = kid.is_none_or(|kid| kept.set.find(kid).is_some());
        (fresh && has).then(|| Arc::clone(&kept.set))
    }

    /// The last set, unless it is too old even for an outage.
    fn kept(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let kept = self.keys.as_ref()?;
        (now < kept.since + KEEP).then(|| Arc::clone(&kept.set))
    }
}
