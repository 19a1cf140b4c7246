//! Pending logins: in the store, and in a sealed cookie.

use std::time::Duration;

use cardea_seal::{Digest, RandomToken, Sealer};
use cardea_web::inbound::cookies;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Sessions,
    record::later,
    store::{KnownLogin, StoreUnavailable, TakeLogin, TakenLogin},
};
use crate::rp::LoginState;

/// The cookies of pending logins; one more, and the oldest goes.
pub(super) const SLOTS: usize = 4;
/// What is longer stays only in the store: proxies refuse requests with too many cookies.
const MAX_COOKIE_BYTES: usize = 1800;

/// Why a login can't be finished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefused {
    /// This browser didn't begin it, or it took too long.
    #[error("no such login is pending in this browser")]
    Unknown,
    /// It was finished before.
    #[error("this login was finished before")]
    Twice,
    /// Neither the store nor a cookie can keep it or give it back.
    #[error(transparent)]
    Store(#[from] StoreUnavailable),
}

#[derive(Serialize, Deserialize)]
struct UnderWay {
    ends_at: Timestamp,
    login: LoginState,
}

/// A slot of this browser that holds a login.
struct Kept {
    slot: usize,
    under_way: UnderWay,
}

impl Sessions {
    /// Remembers a login that begins, in two places; the cookies to set.
    ///
    /// # Errors
    /// When neither of the two can remember it.
    pub async fn begin_login(
        &self,
        headers: &HeaderMap,
        login: &LoginState,
    ) -> Result<Vec<HeaderValue>, LoginRefused> {
        let now = self.clock.now();
        let ends_at = later(now, self.login);
        let browser = cookies::read(headers, &self.names.name(&self.purposes.browser))
            .and_then(RandomToken::parse)
            .unwrap_or_else(|| self.entropy.token());
        let state = Digest::of(login.state().as_bytes());
        let under_way = UnderWay {
            ends_at,
            login: login.clone(),
        };
        let plain = serde_json::to_vec(&under_way).map(cardea_seal::Secret::new);
        let plain = plain.map_err(|error| StoreUnavailable(error.to_string()))?;

        let sealed = self.logins.seal_text(plain.expose(), b"cookie");
        let slot = self.free_slot(headers, state, now);
        let cookie = (sealed.len() <= MAX_COOKIE_BYTES)
            .then(|| self.login_cookie(slot, &sealed, self.login))
            .flatten();
        let known = KnownLogin {
            browser: browser.hash(),
            sealed: self.logins.seal(plain.expose(), state.as_bytes()),
            ends_at,
        };
        if let Err(error) = self.store.begin_login(state, known).await {
            tracing::warn!(%error, "a login goes on with only its cookie");
            cookie.as_ref().ok_or(error)?;
        }
        let text = browser.to_text();
        let browser = self.names.set(&self.purposes.browser, text.expose());
        Ok(browser.header().into_iter().chain(cookie).collect())
    }

    /// Takes the login with this state, once; and the cookies to set.
    ///
    /// # Errors
    /// When this browser has no such pending login, or it was taken before.
    pub async fn take_login(
        &self,
        headers: &HeaderMap,
        state: &str,
    ) -> Result<(LoginState, Vec<HeaderValue>), LoginRefused> {
        let now = self.clock.now();
        let kept = self
            .kept_logins(headers, now)
            .find(|kept| kept.under_way.login.state() == state);
        let browser = cookies::read(headers, &self.names.name(&self.purposes.browser))
            .and_then(RandomToken::parse);
        if kept.is_none() && browser.is_none() {
            return Err(LoginRefused::Unknown);
        }
        let take = TakeLogin {
            state: Digest::of(state.as_bytes()),
            browser: browser.map(|browser| browser.hash()),
            cookie: kept.as_ref().map(|kept| kept.under_way.ends_at),
        };
        let known = match self.store.take_login(take, now).await {
            Ok(TakenLogin::Known(sealed)) => open(
                &self.logins,
                |sealer| sealer.open(&sealed, take.state.as_bytes()),
                now,
            ),
            Ok(TakenLogin::Unknown) => None,
            Ok(TakenLogin::Twice) => return Err(LoginRefused::Twice),
            // The provider's code is good once too, so the cookie may be enough.
            Err(error) if kept.is_none() => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "a login is finished from only its cookie");
                None
            }
        };
        let gone = kept
            .as_ref()
            .and_then(|kept| self.login_cookie(kept.slot, "", Duration::ZERO));
        let under_way = known.or(kept.map(|kept| kept.under_way));
        let under_way = under_way.ok_or(LoginRefused::Unknown)?;
        Ok((under_way.login, gone.into_iter().collect()))
    }

    fn kept_logins(&self, headers: &HeaderMap, now: Timestamp) -> impl Iterator<Item = Kept> {
        self.purposes
            .logins
            .iter()
            .enumerate()
            .filter_map(move |(slot, purpose)| {
                let sealed = cookies::read(headers, &self.names.name(purpose))?;
                let under_way = open(&self.logins, |s| s.open_text(sealed, b"cookie"), now)?;
                Some(Kept { slot, under_way })
            })
    }

    /// A slot without a login, else the one with the oldest. Tabs that begin at the same moment see the same free slots,
    /// so each begins to look at another.
    fn free_slot(&self, headers: &HeaderMap, state: Digest, now: Timestamp) -> usize {
        let kept: Vec<Kept> = self.kept_logins(headers, now).collect();
        let first = usize::from(state.as_bytes().first().copied().unwrap_or_default());
        (first..first + SLOTS)
            .map(|slot| slot % SLOTS)
            .find(|slot| kept.iter().all(|kept| kept.slot != *slot))
            .or_else(|| {
                let oldest = kept.iter().min_by_key(|kept| kept.under_way.ends_at);
                oldest.map(|kept| kept.slot)
            })
            .unwrap_or_default()
    }

    fn login_cookie(&self, slot: usize, sealed: &str, age: Duration) -> Option<HeaderValue> {
        let purpose = self.purposes.logins.get(slot)?;
        self.names.set(purpose, sealed).max_age(age).header()
    }
}

fn open<E>(
    sealer: &Sealer,
    how: impl FnOnce(&Sealer) -> Result<cardea_seal::Secret<Vec<u8>>, E>,
    now: Timestamp,
) -> Option<UnderWay> {
    let plain = how(sealer).ok()?;
    let under_way: UnderWay = serde_json::from_slice(plain.expose()).ok()?;
    (now < under_way.ends_at).then_some(under_way)
}
