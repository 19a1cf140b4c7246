//! Asking the issuer about tokens: RFC 7662, with answers that are remembered for a moment.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cardea_protocol::verify::{BearerError, BearerPolicy, introspected_token};
use cardea_seal::{Digest, Secret};
use cardea_web::{
    clock::Clock,
    outbound::{FetchError, IssuerClient, MetadataCache},
};
use form_urlencoded::byte_serialize;
use http::StatusCode;
use jiff::Timestamp;
use metrics::counter;
use moka::sync::Cache;
use tokio::sync::Mutex;

use crate::{
    config::{IntrospectionConfig, SecretMethod},
    places::{Asker, Places},
    refusal::TokenError,
    verifier::{Verified, invalid},
};

/// As long it is remembered at most that a token is bad.
const BAD: Duration = Duration::from_secs(5);
/// As long it is remembered that the issuer couldn't be asked about a token.
const FAILED: Duration = Duration::from_secs(1);
/// No answer is longer, for a hundred thousand may be remembered.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// After the issuer answered 429 it is not asked about new tokens for this time, so that its quota is left to known ones.
const LIMITED: Duration = Duration::from_secs(2);

/// Asks about tokens, once for all who present the same one.
pub(crate) struct Introspector {
    client: IssuerClient,
    place: Place,
    credentials: Credentials,
    policy: BearerPolicy,
    freshness: Duration,
    clock: Arc<dyn Clock>,
    /// By the token's hash: what is remembered must not be a token.
    answers: Cache<Digest, Arc<Slot>>,
    places: Places,
    /// Until when the issuer is not asked about new tokens.
    limited_until: ArcSwapOption<Timestamp>,
}

/// The issuer, as it is asked.
pub(crate) struct Issuer {
    pub(crate) client: IssuerClient,
    pub(crate) place: Place,
    pub(crate) policy: BearerPolicy,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Where the endpoint is.
pub(crate) enum Place {
    Uri(String),
    Discovered(Arc<MetadataCache>),
}

/// Written once, sent often.
enum Credentials {
    Header(Secret<String>),
    Form(Secret<String>),
}

#[derive(Default)]
struct Slot {
    /// Whether the last answer was that the token is valid.
    was_valid: AtomicBool,
    kept: ArcSwapOption<Kept>,
    // Held while asking: requests with the same token wait for it.
    asking: Mutex<()>,
}

struct Kept {
    verdict: Result<Verified, TokenError>,
    // Before `from` the clock was set back; both ways out the issuer is asked again.
    from: Timestamp,
    until: Timestamp,
}

impl Introspector {
    pub(crate) fn new(config: &IntrospectionConfig, issuer: Issuer) -> Self {
        Self {
            client: issuer.client,
            place: issuer.place,
            credentials: Credentials::new(config),
            policy: issuer.policy,
            freshness: config.freshness.get(),
            clock: issuer.clock,
            answers: Cache::new(config.capacity),
            places: Places::default(),
            limited_until: ArcSwapOption::empty(),
        }
    }

    /// Whether the issuer can be asked at all: its metadata document has the endpoint.
    pub(crate) async fn probe(&self) -> Result<(), FetchError> {
        match &self.place {
            Place::Uri(_) => Ok(()),
            Place::Discovered(cache) => match &cache.get().await?.introspection_endpoint {
                Some(_) => Ok(()),
                None => Err(no_endpoint()),
            },
        }
    }

    /// Whether the issuer's last answer about this token was that it is valid.
    pub(crate) fn knows(&self, token: &str) -> bool {
        let slot = self.answers.get(&Digest::of(token.as_bytes()));
        slot.is_some_and(|slot| slot.was_valid.load(Ordering::Relaxed))
    }

    /// What is remembered of the token.
    pub(crate) fn ready(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Option<Result<Verified, TokenError>> {
        let slot = self.answers.get(&Digest::of(token.as_bytes()))?;
        slot.answer(now)
    }

    pub(crate) async fn verify(&self, token: &str, asker: Asker) -> Result<Verified, TokenError> {
        let digest = Digest::of(token.as_bytes());
        let slot = self.answers.get_with(digest, Arc::default);
        let _asking = slot.asking.lock().await;
        if let Some(verdict) = slot.answer(self.clock.now()) {
            return verdict;
        }
        if !asker.known && self.is_limited() {
            let reason = "the issuer limits our requests".to_owned();
            return Err(TokenError::Unavailable(reason));
        }
        let Some(_place) = self.places.acquire(asker).await else {
            let reason = "too many introspection requests are in progress".to_owned();
            return Err(TokenError::Unavailable(reason));
        };
        let answer = self.ask(token).await;
        let outcome = if answer.is_ok() { "answered" } else { "failed" };
        counter!(cardea_web::metric_names::RESOURCE_INTROSPECTIONS, "outcome" => outcome)
            .increment(1);
        let from = self.clock.now();
        let (verdict, until) = match answer {
            Ok(json) => self.judge(&json, from),
            Err(error) => {
                tracing::warn!(%error, "the issuer could not be asked about a token");
                if error == FetchError::Status(StatusCode::TOO_MANY_REQUESTS.as_u16()) {
                    self.limited_until
                        .store(Some(Arc::new(after(from, LIMITED))));
                }
                (
                    Err(TokenError::Unavailable(error.to_string())),
                    after(from, FAILED),
                )
            }
        };
        match &verdict {
            Ok(_) => slot.was_valid.store(true, Ordering::Relaxed),
            Err(TokenError::Invalid(_)) => slot.was_valid.store(false, Ordering::Relaxed),
            Err(_) => {}
        }
        slot.kept.store(Some(Arc::new(Kept {
            verdict: verdict.clone(),
            from,
            until,
        })));
        verdict
    }

    /// What the answer means, and until when it is believed.
    fn judge(&self, json: &[u8], now: Timestamp) -> (Result<Verified, TokenError>, Timestamp) {
        match introspected_token(json, &self.policy, now) {
            Ok(token) => {
                let fresh = after(now, self.freshness);
                let expires_at = token.expires_at().unwrap_or(fresh);
                let token = Arc::new(token);
                // RFC 7662 §4: an answer must not be believed beyond the token's exp.
                (Ok(Verified { token, expires_at }), fresh.min(expires_at))
            }
            Err(BearerError::Malformed) => {
                tracing::warn!("the answer about a token is malformed");
                let error = TokenError::Unavailable("a malformed answer".to_owned());
                (Err(error), after(now, FAILED))
            }
            Err(error) => (Err(invalid(error)), after(now, BAD.min(self.freshness))),
        }
    }

    fn is_limited(&self) -> bool {
        let until = self.limited_until.load();
        until
            .as_ref()
            .is_some_and(|until| self.clock.now() < **until)
    }

    async fn ask(&self, token: &str) -> Result<Vec<u8>, FetchError> {
        let metadata;
        let endpoint = match &self.place {
            Place::Uri(uri) => uri,
            Place::Discovered(cache) => {
                metadata = cache.get().await?;
                let endpoint = metadata.introspection_endpoint.as_ref();
                endpoint.ok_or_else(no_endpoint)?
            }
        };
        let token = encoded(token);
        let mut form = Secret::new(format!("token={token}&token_type_hint=access_token"));
        let header = match &self.credentials {
            Credentials::Header(header) => Some(header.expose().as_str()),
            Credentials::Form(members) => {
                form = Secret::new(format!("{}&{}", form.expose(), members.expose()));
                None
            }
        };
        let answer = self
            .client
            .post_form(endpoint, header, form.expose())
            .await?;
        // RFC 7662 §2.3: 401 means that we, not the token, were refused.
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status.as_u16()));
        }
        if answer.body.len() > MAX_ANSWER_BYTES {
            return Err(FetchError::TooLarge);
        }
        Ok(answer.body)
    }
}

impl Credentials {
    fn new(config: &IntrospectionConfig) -> Self {
        let id = encoded(&config.client_id);
        let secret = encoded(config.client_secret.expose());
        match config.auth_method {
            // RFC 6749 §2.3.1: both are form-encoded first.
            SecretMethod::ClientSecretBasic => {
                let pair = STANDARD.encode(format!("{id}:{secret}"));
                Self::Header(Secret::new(format!("Basic {pair}")))
            }
            SecretMethod::ClientSecretPost => {
                let members = format!("client_id={id}&client_secret={secret}");
                Self::Form(Secret::new(members))
            }
        }
    }
}

impl Slot {
    fn answer(&self, now: Timestamp) -> Option<Result<Verified, TokenError>> {
        let kept = self.kept.load();
        let kept = kept.as_ref()?;
        (kept.from <= now && now < kept.until).then(|| kept.verdict.clone())
    }
}

fn no_endpoint() -> FetchError {
    FetchError::Document("metadata without introspection_endpoint".to_owned())
}

fn after(now: Timestamp, time: Duration) -> Timestamp {
    now.saturating_add(time).unwrap_or(now)
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}
