use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cardea_seal::{Digest, Entropy, MacKey, RandomToken, Sealer};
use cardea_web::{
    clock::Clock,
    inbound::{CookieNames, cookies, csrf::Csrf},
};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

use super::{
    Session, SessionConfig, SessionConfigError, SessionStore,
    login::SLOTS,
    record::{Lifetimes, Record},
    store::{Lease, LeaseAnswer, LogoutNotice, NewSession, NoticeAnswer, StoreUnavailable},
};
use crate::rp::{IdentityClaims, LogoutToken, Tokens};

/// Rows of each kind that one sweep removes.
const SWEEP: usize = 500;
/// How often a login looks for what has ended.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// The sessions of an app: cookies on one side, a store on the other.
#[derive(Clone)]
pub struct Sessions {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Entropy,
    pub(super) names: CookieNames,
    pub(super) purposes: Arc<Purposes>,
    pub(super) login: Duration,
    /// Seals pending logins.
    pub(super) logins: Arc<Sealer>,
    records: Arc<Sealer>,
    tags: MacKey,
    csrf: Arc<Csrf>,
    lifetimes: Lifetimes,
    origin: String,
    swept_at: Arc<Mutex<Timestamp>>,
}

/// What the cookies are called.
pub(super) struct Purposes {
    pub(super) session: String,
    pub(super) browser: String,
    pub(super) logins: [String; SLOTS],
}

/// A session that has just begun.
pub struct Opened {
    /// The session.
    pub session: Session,
    /// Its cookie, to be set.
    pub cookie: HeaderValue,
}

impl Sessions {
    /// Sessions as configured, in this store.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the key should not stay behind with the caller"
    )]
    pub fn new(
        config: SessionConfig,
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
    ) -> Result<Arc<Self>, SessionConfigError> {
        config.check()?;
        let (names, origin) = config.cookie_names()?;
        let (key, name) = (&config.key, &config.name);
        // Two apps may share a key by mistake; they still can't read each other's cookies.
        let whose = format!("{origin} {name}");
        Ok(Arc::new(Self {
            store,
            clock,
            entropy,
            names,
            purposes: Arc::new(Purposes {
                session: name.clone(),
                browser: format!("{name}_browser"),
                logins: std::array::from_fn(|slot| format!("{name}_login_{slot}")),
            }),
            login: config.login,
            logins: Arc::new(Sealer::new(key, "client login under way", &whose, 1)),
            records: Arc::new(Sealer::new(key, "client session", &whose, 1)),
            tags: MacKey::new(key, "client logout by the provider", &whose, 1),
            csrf: Arc::new(Csrf::new(MacKey::new(key, "client csrf", &whose, 1))),
            lifetimes: Lifetimes {
                idle: config.idle,
                lifetime: config.lifetime,
            },
            origin,
            swept_at: Arc::new(Mutex::new(Timestamp::MIN)),
        }))
    }

    /// The same sessions in another store.
    #[must_use]
    pub fn in_store(&self, store: Arc<dyn SessionStore>) -> Arc<Self> {
        Arc::new(Self {
            store,
            ..self.clone()
        })
    }

    /// Where browsers find the app.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The clock that ends the sessions.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Opens a session under a new id. Whatever id the browser came with is dropped, and its session ends. `None` when the
    /// provider has ended its own session before this one could begin.
    ///
    /// # Errors
    /// When the store can't keep it.
    pub async fn open(
        &self,
        headers: &HeaderMap,
        identity: IdentityClaims,
        tokens: Tokens,
    ) -> Result<Option<Opened>, StoreUnavailable> {
        let now = self.clock.now();
        let token = self.entropy.token();
        let session = Session {
            id: token.hash(),
            version: 0,
            seen_at: now,
            record: Record {
                opened_at: now,
                identity,
                tokens,
            },
        };
        let identity = session.identity();
        let new = NewSession {
            id: session.id,
            sid: identity
                .sid
                .as_deref()
                .map(|sid| self.tag(b"sid", &identity.iss, sid)),
            sub: self.tag(b"sub", &identity.iss, &identity.sub),
            sealed: self.seal(&session.record, session.id)?,
            seen_at: now,
            ends_at: self.lifetimes.ends_at(now, now),
        };
        if !self.store.open_session(new, self.id_in(headers)).await? {
            return Ok(None);
        }
        let text = token.to_text();
        let cookie = self
            .names
            .set(&self.purposes.session, text.expose())
            .header();
        let cookie = cookie.ok_or_else(|| StoreUnavailable("no cookie".to_owned()))?;
        Ok(Some(Opened { session, cookie }))
    }

    /// The session of this browser, while it lives; to look for it is a use.
    ///
    /// # Errors
    /// When the store doesn't answer.
    pub async fn load(&self, headers: &HeaderMap) -> Result<Option<Session>, StoreUnavailable> {
        let Some(id) = self.id_in(headers) else {
            return Ok(None);
        };
        let Some(mut session) = self.reload(id).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        if self.lifetimes.worth_noting(session.seen_at, now) {
            let ends_at = self.lifetimes.ends_at(session.opened_at(), now);
            match self.store.touch_session(id, now, ends_at).await {
                Ok(()) => session.seen_at = now,
                Err(error) => tracing::warn!(%error, "a session's use could not be noted"),
            }
        }
        Ok(Some(session))
    }

    /// When the session ends if it is never used again.
    #[must_use]
    pub fn ends_at(&self, session: &Session) -> Timestamp {
        self.lifetimes.ends_at(session.opened_at(), session.seen_at)
    }

    /// When the session ends, however it is used.
    #[must_use]
    pub fn last_moment(&self, session: &Session) -> Timestamp {
        self.lifetimes.last_moment(session.opened_at())
    }

    /// Ends the session, and hands it back as it was in the end: its tokens may have been renewed since it was loaded.
    /// `None` when it was over already.
    ///
    /// # Errors
    /// When the store doesn't answer: then it may live on.
    pub async fn end(&self, session: &Session) -> Result<Option<Session>, StoreUnavailable> {
        let sealed = self.store.end_session(session.id).await?;
        let last = sealed.map(|sealed| Session {
            record: Record::open(&self.records, &sealed, session.id)
                .unwrap_or_else(|_| session.record.clone()),
            ..session.clone()
        });
        Ok(last)
    }

    /// The cookie that removes the session's cookie.
    #[must_use]
    pub fn removal_cookie(&self) -> Option<HeaderValue> {
        self.names.delete(&self.purposes.session).header()
    }

    /// Ends what a logout token of the provider names.
    ///
    /// # Errors
    /// When the store doesn't answer.
    pub async fn end_by_logout_token(
        &self,
        token: &LogoutToken,
    ) -> Result<NoticeAnswer, StoreUnavailable> {
        let now = self.clock.now();
        let tag = |what: &[u8], value: &Option<String>| {
            value
                .as_deref()
                .map(|value| self.tag(what, &token.iss, value))
        };
        let notice = LogoutNotice {
            jti: self.tag(b"jti", &token.iss, &token.jti),
            remember_until: token.expires_at,
            sid: tag(b"sid", &token.sid),
            sub: tag(b"sub", &token.sub),
        };
        self.store.end_by_notice(notice, now).await
    }

    /// Removes what has ended, in the background, when that wasn't done in the last minute. Each login does it, so that
    /// nothing else has to.
    pub fn sweep_in_passing(self: &Arc<Self>) {
        let now = self.clock.now();
        {
            let mut swept_at = self.swept_at.lock().unwrap_or_else(PoisonError::into_inner);
            if now < super::record::later(*swept_at, SWEEP_EVERY) {
                return;
            }
            *swept_at = now;
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = this.sweep().await {
                tracing::warn!(%error, "ended sessions could not be removed");
            }
        });
    }

    /// Removes what has ended, in small batches.
    ///
    /// # Errors
    /// When the store doesn't answer.
    pub async fn sweep(&self) -> Result<usize, StoreUnavailable> {
        let mut swept = 0;
        loop {
            let batch = self.store.sweep(self.clock.now(), SWEEP).await?;
            swept += batch;
            if batch < SWEEP {
                return Ok(swept);
            }
            tokio::task::yield_now().await;
        }
    }

    /// The token that forms and calls of this session carry against forgery.
    #[must_use]
    pub fn csrf_token(&self, session: &Session) -> String {
        self.csrf.token(&[session.id.as_bytes()])
    }

    /// Whether this is the session's token.
    #[must_use]
    pub fn csrf_holds(&self, session: &Session, presented: &str) -> bool {
        self.csrf.verify(&[session.id.as_bytes()], presented)
    }

    pub(super) async fn reload(&self, id: Digest) -> Result<Option<Session>, StoreUnavailable> {
        let now = self.clock.now();
        let Some(stored) = self.store.load_session(id, now).await? else {
            return Ok(None);
        };
        let record = match Record::open(&self.records, &stored.sealed, id) {
            Ok(record) => record,
            Err(error) => {
                tracing::warn!(%error, "a session can't be read, and counts as none");
                return Ok(None);
            }
        };
        // The row's end could be moved by who can write to the store; what is sealed can't.
        if !self.lifetimes.lives(record.opened_at, now) {
            return Ok(None);
        }
        Ok(Some(Session {
            id,
            version: stored.version,
            seen_at: stored.seen_at,
            record,
        }))
    }

    pub(super) async fn lease(
        &self,
        session: &Session,
        time: Duration,
    ) -> Result<(Lease, LeaseAnswer), StoreUnavailable> {
        let now = self.clock.now();
        let lease = Lease {
            version: session.version,
            holder: self.entropy.token().hash(),
            until: super::record::later(now, time),
        };
        let answer = self.store.lease_refresh(session.id, lease, now).await?;
        Ok((lease, answer))
    }

    /// Gives the lease back, with new tokens or without; whether they are in force.
    pub(super) async fn finish(
        &self,
        session: &Session,
        lease: Lease,
        tokens: Option<&Tokens>,
    ) -> Result<bool, StoreUnavailable> {
        let sealed = match tokens {
            None => None,
            Some(tokens) => {
                let mut record = session.record.clone();
                record.tokens = tokens.clone();
                Some(self.seal(&record, session.id)?)
            }
        };
        self.store.finish_refresh(session.id, lease, sealed).await
    }

    fn seal(&self, record: &Record, id: Digest) -> Result<Vec<u8>, StoreUnavailable> {
        let sealed = record.seal(&self.records, id);
        sealed.map_err(|error| StoreUnavailable(error.to_string()))
    }

    fn id_in(&self, headers: &HeaderMap) -> Option<Digest> {
        let cookie = cookies::read(headers, &self.names.name(&self.purposes.session))?;
        Some(RandomToken::parse(cookie)?.hash())
    }

    /// What the store keeps of a name at the provider: enough to find it, too little to know it.
    fn tag(&self, what: &[u8], issuer: &str, value: &str) -> Digest {
        self.tags.tag(&[what, issuer.as_bytes(), value.as_bytes()])
    }
}
