//! Tokens that are fresh enough to be used, with one refresh at a time for each session.
//!
//! Within this process the first caller starts the refresh and all wait for its outcome; the task runs to its end though
//! every caller hangs up, because a rotated refresh token that is not stored means a lost session. Between processes a lease in
//! the store decides.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    Session, Sessions,
    record::later,
    store::{Lease, LeaseAnswer, StoreUnavailable},
};
use crate::rp::{RefreshError, RelyingParty, Tokens};

/// An access token that ends sooner is renewed.
const MARGIN: Duration = Duration::from_secs(30);
/// Longer than any answer of a provider is waited for.
const LEASE: Duration = Duration::from_secs(30);
/// How long to wait for another process, and how often to look.
const MAX_WAIT: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);
/// How often a failing store is asked again to keep what was renewed: for 6 s, as each pause is twice the last.
const TRIES: usize = 5;
/// A provider that could not be reached is not asked again for this long.
const PAUSE: Duration = Duration::from_secs(3);
/// Refreshes that failed are forgotten when there are so many.
const MAX_REMEMBERED: usize = 1000;

/// Hands out sessions whose access token can be used.
pub struct FreshTokens {
    sessions: Arc<Sessions>,
    rp: RelyingParty,
    under_way: Mutex<HashMap<[u8; 32], Flight>>,
}

type Flight = watch::Receiver<Option<Outcome>>;

#[derive(Clone)]
enum Outcome {
    Fresh(Box<Session>),
    Ended,
    Unavailable { retry_at: Timestamp },
}

/// Why there is no token to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotFresh {
    /// The user has to log in again.
    #[error("the session is over, or can't be renewed")]
    Ended,
    /// The provider or the store doesn't answer.
    #[error("the tokens can't be renewed now")]
    Unavailable,
}

impl FreshTokens {
    /// Renews the tokens of these sessions at this provider.
    #[must_use]
    pub fn new(sessions: Arc<Sessions>, rp: RelyingParty) -> Arc<Self> {
        Arc::new(Self {
            sessions,
            rp,
            under_way: Mutex::default(),
        })
    }

    /// The session with an access token that is good for a while. A token that still lives is used when it can't be
    /// renewed.
    ///
    /// # Errors
    /// When there is none.
    pub async fn fresh(self: &Arc<Self>, session: Session) -> Result<Session, NotFresh> {
        if !self.ends_within(&session, MARGIN) {
            return Ok(session);
        }
        let lives = !self.ends_within(&session, Duration::ZERO);
        if session.tokens().refresh_token.is_none() {
            return if lives {
                Ok(session)
            } else {
                Err(NotFresh::Ended)
            };
        }
        let mut flight = self.join(&session);
        let outcome = match flight.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        match outcome {
            Some(Outcome::Fresh(fresh)) => Ok(*fresh),
            Some(Outcome::Ended) => Err(NotFresh::Ended),
            Some(Outcome::Unavailable { .. }) | None if lives => Ok(session),
            Some(Outcome::Unavailable { .. }) | None => Err(NotFresh::Unavailable),
        }
    }

    fn ends_within(&self, session: &Session, time: Duration) -> bool {
        // Of a token without a known end the API will say so.
        let end = session.tokens().expires_at;
        end.is_some_and(|end| end <= later(self.sessions.clock().now(), time))
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<[u8; 32], Flight>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the refresh in progress, or starts one.
    fn join(self: &Arc<Self>, session: &Session) -> Flight {
        let now = self.sessions.clock().now();
        let over = |flight: &Flight| match &*flight.borrow() {
            Some(Outcome::Unavailable { retry_at }) => *retry_at <= now,
            Some(_) => true,
            // A task that is gone without an outcome leaves nothing to wait for.
            None => flight.has_changed().is_err(),
        };
        let mut flights = self.flights();
        if flights.len() >= MAX_REMEMBERED {
            flights.retain(|_, flight| !over(flight));
        }
        let key = *session.id.as_bytes();
        if let Some(flight) = flights.get(&key)
            && !over(flight)
        {
            return flight.clone();
        }
        let (tell, flight) = watch::channel(None);
        flights.insert(key, flight.clone());
        drop(flights);
        let (this, session) = (Arc::clone(self), session.clone());
        tokio::spawn(async move {
            let outcome = this.refresh(session).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "tokens could not be renewed");
                this.unavailable()
            });
            if !matches!(outcome, Outcome::Unavailable { .. }) {
                this.flights().remove(&key);
            }
            let _ = tell.send(Some(outcome));
        });
        flight
    }

    fn unavailable(&self) -> Outcome {
        let retry_at = later(self.sessions.clock().now(), PAUSE);
        Outcome::Unavailable { retry_at }
    }

    async fn refresh(&self, mut session: Session) -> Result<Outcome, StoreUnavailable> {
        let patience = tokio::time::Instant::now() + MAX_WAIT;
        let lease = loop {
            let (lease, answer) = self.sessions.lease(&session, LEASE).await?;
            match answer {
                LeaseAnswer::Yours => break lease,
                LeaseAnswer::Gone => return Ok(Outcome::Ended),
                LeaseAnswer::Newer => match self.sessions.reload(session.id).await? {
                    None => return Ok(Outcome::Ended),
                    Some(newer) if self.ends_within(&newer, MARGIN) => session = newer,
                    Some(newer) => return Ok(Outcome::Fresh(Box::new(newer))),
                },
                LeaseAnswer::Theirs if patience < tokio::time::Instant::now() => {
                    return Ok(self.unavailable());
                }
                LeaseAnswer::Theirs => tokio::time::sleep(LOOK).await,
            }
        };
        let Some(refresh_token) = &session.tokens().refresh_token else {
            return Ok(Outcome::Ended);
        };
        match self.rp.refresh(refresh_token, session.identity()).await {
            Ok(tokens) => self.keep(session, lease, tokens).await,
            Err(RefreshError::Unavailable(error)) => {
                tracing::warn!(%error, "the provider does not renew tokens now");
                self.sessions.finish(&session, lease, None).await?;
                Ok(self.unavailable())
            }
            Err(error @ RefreshError::Untrusted(_)) => {
                tracing::error!(%error, "a session is ended");
                self.sessions.end(&session).await?;
                Ok(Outcome::Ended)
            }
            Err(RefreshError::Dead) => self.end_unless_renewed(&session).await,
        }
    }

    /// Writes the new tokens down. The old ones may be dead by now, so a failing store is tried more than once.
    async fn keep(
        &self,
        mut session: Session,
        lease: Lease,
        mut tokens: Tokens,
    ) -> Result<Outcome, StoreUnavailable> {
        // OpenID Core §12.2: a refresh need not bring an ID token.
        tokens.id_token = tokens
            .id_token
            .or_else(|| session.tokens().id_token.clone());
        let mut kept = self.sessions.finish(&session, lease, Some(&tokens)).await;
        let mut pause = LOOK * 4;
        for _ in 0..TRIES {
            if kept.is_ok() {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            kept = self.sessions.finish(&session, lease, Some(&tokens)).await;
        }
        match kept {
            Ok(true) => session.version += 1,
            Ok(false) => return self.overtaken(session, &tokens).await,
            Err(error) => tracing::error!(%error, "renewed tokens could not be kept"),
        }
        session.record.tokens = tokens;
        Ok(Outcome::Fresh(Box::new(session)))
    }

    /// The session has ended meanwhile, or another process held our lease for dead and renewed.
    async fn overtaken(
        &self,
        session: Session,
        tokens: &Tokens,
    ) -> Result<Outcome, StoreUnavailable> {
        if let Some(newer) = self.sessions.reload(session.id).await? {
            return Ok(Outcome::Fresh(Box::new(newer)));
        }
        // A logout while the refresh was in progress could only revoke the token before this one.
        if let Some(refresh_token) = &tokens.refresh_token
            && let Err(error) = self.rp.revoke(refresh_token).await
        {
            tracing::warn!(%error, "a refresh token of an ended session could not be revoked");
        }
        Ok(Outcome::Ended)
    }

    /// The provider has ended the grant. Unless another process renewed in time, this is the end of the session.
    async fn end_unless_renewed(&self, session: &Session) -> Result<Outcome, StoreUnavailable> {
        if let Some(newer) = self.sessions.reload(session.id).await?
            && newer.version != session.version
        {
            return Ok(Outcome::Fresh(Box::new(newer)));
        }
        self.sessions.end(session).await?;
        Ok(Outcome::Ended)
    }
}
