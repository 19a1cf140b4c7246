//! The logos of clients, kept for a day.

use bytes::Bytes;
use cardea_web::outbound::GuardedClient;
use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;
use tokio::sync::Semaphore;

use crate::pages::Logo;

/// 16 MiB of logos at most.
const MAX_LOGOS: u64 = 256;
const TYPES: [&str; 2] = ["image/png", "image/svg+xml"];
/// Strangers can cause a fetch, if only of what is registered: few at a time.
const FETCHES: usize = 4;
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// A logo that could not be fetched is asked for again after this time.
const FAILED: SignedDuration = SignedDuration::from_mins(5);
/// The logos that were fetched.
pub(crate) struct ClientLogos {
    fetched: Cache<String, Fetched>,
    fetches: Semaphore,
    client: GuardedClient,
}

#[derive(Clone)]
struct Fetched {
    logo: Option<Logo>,
    until: Timestamp,
}

impl ClientLogos {
    pub(crate) fn new(client: GuardedClient) -> Self {
        Self {
            fetched: Cache::new(MAX_LOGOS),
            fetches: Semaphore::new(FETCHES),
            client,
        }
    }

    /// The logo at a URI, from the cache or fetched; none while it can't be had.
    pub(super) async fn logo(&self, uri: &str, now: Timestamp) -> Option<Logo> {
        if let Some(fetched) = self.fresh(uri, now) {
            return fetched.logo;
        }
        let _place = self.fetches.acquire().await.ok()?;
        // Another request may have fetched it while this one waited.
        if let Some(fetched) = self.fresh(uri, now) {
            return fetched.logo;
        }
        let logo = match self.client.get(uri, &TYPES).await {
            Ok(body) => Logo::parse(Bytes::from(body)).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let logo = logo
            .map_err(|cause| tracing::warn!(uri, cause, "the logo of a client can't be used"))
            .ok();
        let lifetime = if logo.is_some() { FRESH } else { FAILED };
        let fetched = Fetched {
            logo: logo.clone(),
            until: now.saturating_add(lifetime).unwrap_or(now),
        };
        self.fetched.insert(uri.to_owned(), fetched);
        logo
    }

    fn fresh(&self, uri: &str, now: Timestamp) -> Option<Fetched> {
        self.fetched.get(uri).filter(|fetched| now < fetched.until)
    }
}
