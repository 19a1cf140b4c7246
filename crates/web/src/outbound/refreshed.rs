//! A document of an issuer: read without a lock, refreshed in the background, there when the issuer isn't.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::Instrument;

use super::guarded_client::FetchError;
use crate::clock::{Clock, Stopwatch};

/// After this time a document is asked for again, behind the callers' backs.
const FRESH: Duration = Duration::from_mins(15);
/// A document that nobody asked for in so long a time is not used again before the issuer was asked.
const IDLE: Duration = Duration::from_hours(1);
/// As long a document serves while its issuer cannot be reached.
const KEEP: Duration = Duration::from_hours(24);
/// Between two fetches that strangers can cause, and after one that failed.
const PAUSE: Duration = Duration::from_secs(30);
/// After a fetch that failed, when there is no document to go on with.
const PAUSE_EMPTY: Duration = Duration::from_secs(1);

/// Where a document comes from.
pub(super) trait Source: Send + Sync + 'static {
    /// The document.
    type Document: Send + Sync + 'static;
    /// Its name, for the log.
    const NAME: &'static str;

    /// Asks the issuer.
    fn fetch(&self) -> impl Future<Output = Result<Self::Document, FetchError>> + Send;
}

/// The last document of a source.
pub(super) struct Refreshed<S: Source> {
    source: S,
    clock: Arc<dyn Clock>,
    watch: Stopwatch,
    kept: ArcSwapOption<Kept<S::Document>>,
    failing: AtomicBool,
    // Held while fetching: whoever needs the answer waits for it.
    tries: Arc<Mutex<Tries>>,
}

struct Kept<D> {
    document: Arc<D>,
    since: Duration,
    // By the clock and not the stopwatch, so that the hot path takes no lock; outside of the two it is looked at closely.
    from: Timestamp,
    until: Timestamp,
}

#[derive(Default)]
struct Tries {
    failed: Option<(Duration, FetchError)>,
    /// The last fetch for what a stranger named.
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

    /// The document, when there is nothing to think about: fresh, and the one that is wanted.
    pub(super) fn ready(&self, wanted: impl Fn(&S::Document) -> bool) -> Option<Arc<S::Document>> {
        let kept = self.kept.load();
        let kept = kept.as_ref()?;
        let now = self.clock.now();
        let good = kept.from <= now && now < kept.until && wanted(&kept.document);
        good.then(|| Arc::clone(&kept.document))
    }

    /// The document. One that isn't as wanted makes it ask again, at most every 30 s; it may still not be as wanted then.
    ///
    /// # Errors
    /// When there is none that may be used, or it isn't as wanted and the issuer can't be asked.
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
                self.refresh_behind(now);
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
        // In a task, which a caller that goes away doesn't end: by asking and leaving, a stranger could make us fetch
        // without a pause.
        let refresh = Arc::clone(self).refresh(now, tries);
        match tokio::spawn(refresh.in_current_span()).await {
            Ok(Ok(document)) => Ok(document),
            Ok(Err(error)) => wanted_one().ok_or(error),
            Err(_) => Err(FetchError::Connection("the fetch was given up".to_owned())),
        }
    }

    fn refresh_behind(self: &Arc<Self>, now: Duration) {
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
                tracing::warn!(%error, document = S::NAME, "an issuer's document could not be refreshed");
                self.failing.store(true, Ordering::Relaxed);
                tries.failed = Some((now, error.clone()));
                self.postpone(self.watch.passed());
                Err(error)
            }
        }
    }

    /// Lets the hot path go on with what there is for a while, but not beyond its time.
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

    /// What there is, unless it is too old even for an outage.
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
