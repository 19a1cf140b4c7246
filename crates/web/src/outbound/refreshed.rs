//! A document of an issuer: read without a lock, refreshed in the background, kept through outages.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::Instrument;

use super::guarded_client::FetchError;
use crate::clock::{Clock, Stopwatch};

/// After this time a document is fetched again in the background.
const FRESH: Duration = Duration::from_mins(15);
/// A document that was not used for this time is fetched again before it is used.
const IDLE: Duration = Duration::from_hours(1);
/// How long a document is used while its issuer is unreachable.
const KEEP: Duration = Duration::from_hours(24);
/// The pause between two fetches that clients can cause, and after a failed one.
const PAUSE: Duration = Duration::from_secs(30);
/// The pause after a failed fetch when there is no document.
const PAUSE_EMPTY: Duration = Duration::from_secs(1);

/// The source of a document.
pub(super) trait Source: Send + Sync + 'static {
    /// The document.
    type Document: Send + Sync + 'static;
    /// The name of the document in the log.
    const NAME: &'static str;

    /// Fetches the document.
    fn fetch(&self) -> impl Future<Output = Result<Self::Document, FetchError>> + Send;
}

/// The latest document of a source.
pub(super) struct Refreshed<S: Source> {
    source: S,
    clock: Arc<dyn Clock>,
    watch: Stopwatch,
    kept: ArcSwapOption<Kept<S::Document>>,
    failing: AtomicBool,
    // Held while fetching: callers that need the result wait for it.
    tries: Arc<Mutex<Tries>>,
}

struct Kept<D> {
    document: Arc<D>,
    since: Duration,
    // By the clock and not the stopwatch, so that the hot path takes no lock. Outside of the two the slow path decides.
    from: Timestamp,
    until: Timestamp,
}

#[derive(Default)]
struct Tries {
    failed: Option<(Duration, FetchError)>,
    /// The last fetch that a client caused.
    wanted: Option<Duration>,
}

impl<S: Source> Refreshed<S> {
    pub(super) fn new(source: S, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            source,
            watch: Stopwatch::start(Arc::clone(&clock)),
            clock,
            kept: ArcSwapOption::empty(),
            failing: AtomicBool::new(false),
            tries: Arc::default(),
        })
    }

    /// The document if it is fresh and as wanted.
    pub(super) fn ready(&self, wanted: impl Fn(&S::Document) -> bool) -> Option<Arc<S::Document>> {
        let kept = self.kept.load();
        let kept = kept.as_ref()?;
        let now = self.clock.now();
        let good = kept.from <= now && now < kept.until && wanted(&kept.document);
        good.then(|| Arc::clone(&kept.document))
    }

    /// The document. If it is not as wanted it is fetched again, at most every 30 s; it may still not be as wanted then.
    ///
    /// # Errors
    /// When there is no usable document, or it is not as wanted and the issuer is unreachable.
    pub(super) async fn get(
        self: &Arc<Self>,
        wanted: impl Fn(&S::Document) -> bool,
    ) -> Result<Arc<S::Document>, FetchError> {
        if let Some(document) = self.ready(&wanted) {
            return Ok(document);
        }
        let now = self.watch.passed();
        if let Some(kept) = self.usable(now).filter(|kept| wanted(&kept.document)) {
            let in_use = now < kept.since + IDLE;
            if in_use || self.failing.load(Ordering::Relaxed) {
                self.refresh_in_background(now);
                return Ok(Arc::clone(&kept.document));
            }
        }
        self.fetched(wanted).await
    }

    async fn fetched(
        self: &Arc<Self>,
        wanted: impl Fn(&S::Document) -> bool,
    ) -> Result<Arc<S::Document>, FetchError> {
        let mut tries = Arc::clone(&self.tries).lock_owned().await;
        if let Some(document) = self.ready(&wanted) {
            return Ok(document);
        }
        let now = self.watch.passed();
        let usable = self.usable(now).map(|kept| Arc::clone(&kept.document));
        let wanted_one = || usable.clone().filter(|document| wanted(document));
        if let Some(error) = tries.failed_lately(now, usable.is_some()) {
            return wanted_one().ok_or(error);
        }
        if let Some(document) = usable.as_ref().filter(|_| tries.wanted_lately(now)) {
            return Ok(Arc::clone(document));
        }
        if usable.is_some() && wanted_one().is_none() {
            tries.wanted = Some(now);
        }
        // In a task that does not end with the caller: otherwise a client that disconnects could cause fetches without a
        // pause.
        let refresh = Arc::clone(self).refresh(now, tries);
        match tokio::spawn(refresh.in_current_span()).await {
            Ok(Ok(document)) => Ok(document),
            Ok(Err(error)) => wanted_one().ok_or(error),
            Err(_) => Err(FetchError::Connection("the fetch was cancelled".to_owned())),
        }
    }

    fn refresh_in_background(self: &Arc<Self>, now: Duration) {
        let Ok(tries) = Arc::clone(&self.tries).try_lock_owned() else {
            return;
        };
        self.postpone(now);
        if tries.failed_lately(now, true).is_none() {
            let refresh = Arc::clone(self).refresh(now, tries);
            tokio::spawn(refresh.in_current_span());
        }
    }

    async fn refresh(
        self: Arc<Self>,
        now: Duration,
        mut tries: OwnedMutexGuard<Tries>,
    ) -> Result<Arc<S::Document>, FetchError> {
        match self.source.fetch().await {
            Ok(document) => {
                let document = Arc::new(document);
                self.keep(Arc::clone(&document), now, FRESH);
                self.failing.store(false, Ordering::Relaxed);
                tries.failed = None;
                Ok(document)
            }
            Err(error) => {
                tracing::warn!(%error, document = S::NAME, "could not refresh a document of the issuer");
                self.failing.store(true, Ordering::Relaxed);
                tries.failed = Some((now, error.clone()));
                self.postpone(self.watch.passed());
                Err(error)
            }
        }
    }

    /// Lets the hot path use the current document for a while, but not beyond its lifetime.
    fn postpone(&self, now: Duration) {
        if let Some(kept) = self.usable(now) {
            let rest = (kept.since + KEEP).saturating_sub(now);
            self.keep(Arc::clone(&kept.document), kept.since, PAUSE.min(rest));
        }
    }

    fn keep(&self, document: Arc<S::Document>, since: Duration, span: Duration) {
        let from = self.clock.now();
        self.kept.store(Some(Arc::new(Kept {
            document,
            since,
            from,
            until: from.saturating_add(span).unwrap_or(from),
        })));
    }

    /// The current document, unless it is too old even for an outage.
    fn usable(&self, now: Duration) -> Option<Arc<Kept<S::Document>>> {
        self.kept.load_full().filter(|kept| now < kept.since + KEEP)
    }
}

impl Tries {
    fn failed_lately(&self, now: Duration, have: bool) -> Option<FetchError> {
        let pause = if have { PAUSE } else { PAUSE_EMPTY };
        let (at, error) = self.failed.as_ref()?;
        (now < *at + pause).then(|| error.clone())
    }

    fn wanted_lately(&self, now: Duration) -> bool {
        self.wanted.is_some_and(|at| now < at + PAUSE)
    }
}
