//! An API and what protects it.

#[cfg(feature = "testing")]
use cardea_jose::KeySet;

use std::{net::IpAddr, sync::Arc};

use axum::{Router, extract::Request, response::Response};
use cardea_protocol::verify::BearerPolicy;
use cardea_seal::Entropy;
use cardea_web::{
    clock::{Clock, SystemClock},
    inbound::{
        ClientAddress, Inbound, RequestId,
        limits::Limiter,
        listener::{ListenerConfig, serve},
        shutdown::on_signal,
    },
    outbound::{IssuerClient, IssuerClientConfig, IssuerKeys, KeysSource, MetadataCache},
};
use http::request::Parts;
use ipnet::IpNet;
use tokio::net::TcpListener;

use crate::{
    access_token::AccessToken,
    challenge::Challenge,
    config::{ApiConfig, ConfigError, IntrospectionConfig, Tokens},
    credentials::{bare, bearer},
    edge::{Edge, limiter},
    gate::Gate,
    introspection::{Introspector, Issuer, Place},
    measures::Measures,
    metadata::Metadata,
    not_ready::NotReady,
    refusal::TokenError,
    verifier::{JwtVerifier, Kind, Verified, Verifier},
};

/// An API: whose tokens it takes, and who may call it from where. A clone costs nothing.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) edge: Edge,
    pub(crate) per_subject: Limiter,
    verifier: Verifier,
    challenge: Arc<Challenge>,
    metadata: Option<Metadata>,
    issuer: String,
    trusted_proxies: Vec<IpNet>,
    measures: Measures,
    clock: Arc<dyn Clock>,
}

impl Api {
    /// An API with these settings. Nothing is fetched yet: the issuer may start later.
    ///
    /// # Errors
    /// When a setting can't be.
    pub fn new(config: &ApiConfig) -> Result<Self, ConfigError> {
        Self::with_clock(config, Arc::new(SystemClock))
    }

    /// The same by a clock of your own, for tests.
    ///
    /// # Errors
    /// When a setting can't be.
    pub fn with_clock(config: &ApiConfig, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Self::with_verifier(config, verifier(config, &clock)?, clock)
    }

    fn with_verifier(
        config: &ApiConfig,
        kind: Kind,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        if config.audience.is_empty() {
            return Err(ConfigError::Audience);
        }
        warn_of_plain_http(&config.issuer);
        let metadata = Metadata::new(config)?;
        let url = metadata.as_ref().map(|document| document.url().to_owned());
        Ok(Self(Arc::new(Shared {
            edge: Edge::new(config, Arc::clone(&clock))?,
            per_subject: limiter(config.limits.per_subject, Arc::clone(&clock)),
            verifier: Verifier {
                kind,
                invalid: limiter(config.limits.invalid_tokens, Arc::clone(&clock)),
            },
            challenge: Arc::new(Challenge::new(&config.audience, url)),
            metadata,
            issuer: config.issuer.clone(),
            trusted_proxies: networks(&config.trusted_proxies)?,
            measures: Measures::default(),
            clock,
        })))
    }

    /// The router with every route behind a good token, request ids, security headers, CORS, limits, and the metadata document.
    /// Call it last: routes added afterwards stand outside.
    pub fn protect(&self, router: Router) -> Router {
        self.protect_beside(Router::new(), router)
    }

    /// The same with routes that need no token beside it, such as `/health`. All else that [`Api::protect`] does is done for
    /// them too.
    ///
    /// # Panics
    /// As [`Router::merge`]: when both have the same route, or a fallback each.
    pub fn protect_beside(&self, open: Router, router: Router) -> Router {
        let metadata = self.0.metadata.as_ref();
        let routes = metadata
            .map_or_else(Router::new, Metadata::route)
            .merge(open.layer(self.gate(false)))
            .merge(router.layer(self.gate(true)));
        let is_https = |document: &Metadata| document.resource.starts_with("https://");
        let seed = u64::from_be_bytes(Entropy::system().bytes());
        let inbound = Inbound {
            trusted_proxies: self.0.trusted_proxies.clone(),
            ..Inbound::new(metadata.is_some_and(is_https), seed)
        };
        inbound.wrap(routes)
    }

    /// Only the gate, as a layer, for a program that brings its own request ids and headers: hosts, CORS, the token, and the
    /// limit by subject. Problem documents have no `correlation_id` then.
    #[must_use]
    pub fn layer(&self) -> Gate {
        self.gate(true)
    }

    /// Asks the issuer once for what tokens are checked with: its metadata document and its keys. To be called at the start, to
    /// learn of a wrong issuer before the first request does.
    ///
    /// # Errors
    /// When tokens can't be checked now, with the reason.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let probed = self.0.verifier.probe().await;
        probed.map_err(|error| NotReady::new(&self.0.issuer, error))
    }

    /// Serves the protected router until the process receives a stop signal, then finishes the requests in progress.
    ///
    /// The issuer is asked once at the start: what is wrong with it is logged, or written to standard error when the program has
    /// no subscriber for its log. The API starts in any case, as the issuer may start later.
    ///
    /// # Errors
    /// When the process can't listen for signals.
    pub async fn serve(&self, listener: TcpListener, router: Router) -> std::io::Result<()> {
        let config = ListenerConfig {
            trusted: self.0.trusted_proxies.clone(),
            ..ListenerConfig::default()
        };
        let api = self.clone();
        tokio::spawn(async move {
            if let Err(error) = api.ready().await {
                error.report();
            }
        });
        serve(vec![listener], self.protect(router), config, on_signal()?).await
    }

    /// The verdict on a token that was not sent in a request's header, such as a first message of a WebSocket.
    ///
    /// # Errors
    /// When it isn't valid, or the issuer can't be asked.
    pub async fn verify(&self, token: &str) -> Result<AccessToken, TokenError> {
        let token = bare(token)?;
        let now = self.0.clock.now();
        let verified = match self.0.verifier.ready(token, now) {
            Some(verdict) => verdict,
            None => self.0.verifier.verify(token, now, None).await,
        };
        verified.map(|verified| self.0.access(verified))
    }

    /// What the metadata document says, where there is one.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.0.metadata.as_ref()
    }

    /// An API that checks JWTs with these keys and never asks the issuer.
    #[cfg(feature = "testing")]
    pub(crate) fn with_keys(
        config: &ApiConfig,
        keys: KeySet,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let client = issuer_client(config)?;
        let jwt = jwt_verifier(config, client, KeysSource::Fixed(keys), &clock)?;
        Self::with_verifier(config, Kind::Jwt(jwt), clock)
    }

    fn gate(&self, demands_token: bool) -> Gate {
        Gate {
            api: Arc::clone(&self.0),
            demands_token,
        }
    }
}

impl Shared {
    /// The token of a request, when it needs no question to the issuer.
    pub(crate) fn ready(&self, request: &Parts) -> Result<Option<AccessToken>, TokenError> {
        let verdict = self.verifier.ready(bearer(request)?, self.clock.now());
        Ok(verdict.transpose()?.map(|verified| self.accept(verified)))
    }

    /// The token of a request, after asking where that is needed.
    pub(crate) async fn verify(&self, request: &Parts) -> Result<AccessToken, TokenError> {
        let now = self.clock.now();
        let client = request.extensions.get::<ClientAddress>();
        let token = bearer(request)?;
        let verified = self.verifier.verify(token, now, client).await?;
        Ok(self.accept(verified))
    }

    pub(crate) fn refuse(&self, request: &Request, error: &TokenError) -> Response {
        self.measures.refused(error);
        let id = request.extensions().get::<RequestId>();
        let request_id = id.map(tracing::field::display);
        // A missing token is normal; the request has its own log line.
        if *error == TokenError::Missing {
            tracing::debug!(request_id, why = %error, "a request was refused");
        } else {
            tracing::info!(request_id, why = %error, "a request was refused");
        }
        error.answer(&self.challenge)
    }

    fn accept(&self, verified: Verified) -> AccessToken {
        self.measures.good();
        self.access(verified)
    }

    fn access(&self, verified: Verified) -> AccessToken {
        let now = self.clock.now();
        AccessToken::new(verified.token, verified.expires_at, now, &self.challenge)
    }
}

fn verifier(config: &ApiConfig, clock: &Arc<dyn Clock>) -> Result<Kind, ConfigError> {
    let client = issuer_client(config)?;
    let metadata = MetadataCache::new(client.clone(), Arc::clone(clock));
    let jwt = || {
        let source = match &config.jwks_uri {
            Some(uri) => KeysSource::Uri(uri.clone()),
            None => KeysSource::Discovered(Arc::clone(&metadata)),
        };
        jwt_verifier(config, client.clone(), source, clock)
    };
    let introspector = || {
        let settings = config.introspection.as_ref();
        let settings: &IntrospectionConfig = settings.ok_or(ConfigError::Introspection)?;
        let place = match &settings.endpoint {
            Some(uri) => Place::Uri(uri.clone()),
            None => Place::Discovered(Arc::clone(&metadata)),
        };
        let issuer = Issuer {
            client: client.clone(),
            place,
            policy: policy(config),
            clock: Arc::clone(clock),
        };
        Ok(Introspector::new(settings, issuer))
    };
    Ok(match config.tokens {
        Tokens::Jwt => Kind::Jwt(jwt()?),
        Tokens::Introspection => Kind::Introspection(introspector()?),
        Tokens::Both => Kind::Both(jwt()?, introspector()?),
    })
}

fn jwt_verifier(
    config: &ApiConfig,
    client: IssuerClient,
    source: KeysSource,
    clock: &Arc<dyn Clock>,
) -> Result<JwtVerifier, ConfigError> {
    if config.algorithms.is_empty() {
        return Err(ConfigError::Algorithms);
    }
    Ok(JwtVerifier {
        keys: IssuerKeys::new(client, source, Arc::clone(clock)),
        policy: policy(config),
    })
}

fn policy(config: &ApiConfig) -> BearerPolicy {
    BearerPolicy {
        issuer: config.issuer.clone(),
        audience: config.audience.clone(),
        algorithms: config.algorithms.clone(),
        skew: config.clock_skew.signed(),
        plain_jwt: config.plain_jwt,
    }
}

/// What the operator wrote is trusted as written (design D20).
fn issuer_client(config: &ApiConfig) -> Result<IssuerClient, ConfigError> {
    let endpoint = config.introspection.as_ref();
    let endpoint = endpoint.and_then(|settings| settings.endpoint.clone());
    let written = config.jwks_uri.iter().cloned().chain(endpoint);
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|reason| ConfigError::Authorities {
            path: path.clone(),
            reason,
        })
    };
    let settings = IssuerClientConfig {
        issuer: config.issuer.clone(),
        allow: config.allow.iter().cloned().chain(written).collect(),
        ca_pem: config.ca_file.as_ref().map(read).transpose()?,
    };
    IssuerClient::new(&settings).map_err(|error| ConfigError::Issuer {
        issuer: config.issuer.clone(),
        reason: error.to_string(),
    })
}

/// The configured URL is trusted, but over plain http an attacker on the network could replace the keys.
fn warn_of_plain_http(issuer: &str) {
    let host = issuer.strip_prefix("http://").unwrap_or("localhost");
    let is_here = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|here| host.starts_with(here));
    if !is_here {
        tracing::warn!(issuer, "the issuer's keys are fetched over plain http");
    }
}

fn networks(texts: &[String]) -> Result<Vec<IpNet>, ConfigError> {
    let network = |text: &String| {
        let single = text.parse::<IpAddr>().map(IpNet::from);
        single
            .or_else(|_| text.parse())
            .map_err(|_| ConfigError::Proxy(text.clone()))
    };
    texts.iter().map(network).collect()
}
