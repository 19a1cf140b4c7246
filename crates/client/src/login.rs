//! The login of an app, in one value.

use std::{fmt, net::IpAddr, sync::Arc};

use axum::{Router, extract::FromRef, response::Response};
use cardea_seal::{Entropy, MasterKey, MasterKeyError};
use cardea_web::{
    clock::{Clock, SystemClock},
    config::SecretText,
    inbound::{
        Inbound,
        listener::{ListenerConfig, serve},
        shutdown::on_signal,
    },
};
use ipnet::IpNet;
use tokio::net::TcpListener;
use url::Url;

use crate::{
    bff::{Bff, BffConfig, BffConfigError, CsrfPolicy, PageError, Paths, ReturnTo},
    not_ready::NotReady,
    rp::{ClientConfig, ClientConfigError, RelyingParty, StepUp},
    session::{MemoryStore, SessionConfig, SessionConfigError, SessionStore, Sessions},
};

/// The login of an app. Put it into the state of the router: handlers then take a [`LoggedIn`](crate::LoggedIn). A clone costs
/// nothing.
///
/// Where the app is follows from the redirect URI: `https://app.example.com/bff/callback` makes an app at
/// `https://app.example.com` with its routes below `/bff`. Sessions are kept in memory until [`Login::store`] says otherwise.
#[derive(Clone)]
pub struct Login {
    bff: Bff,
    parts: Arc<Parts>,
}

/// What a login is made of, to make it again with a change.
#[derive(Clone)]
struct Parts {
    rp: RelyingParty,
    routes: BffConfig,
    sessions: SessionConfig,
    store: Arc<dyn SessionStore>,
    trusted_proxies: Vec<IpNet>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
}

/// The key that seals sessions: 32 random bytes in base64 or hexadecimal, the same on every node of the app. `openssl rand
/// -base64 32` prints one.
pub struct SessionKey(Result<MasterKey, MasterKeyError>);

/// What is wrong with a configuration. `Debug` is the same sentence as `Display`, so that `main() -> Result` prints it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The client or its provider.
    #[error("{0}")]
    Client(#[from] ClientConfigError),
    /// The session key.
    #[error("the session key: {0}; `openssl rand -base64 32` prints one")]
    Key(#[from] MasterKeyError),
    /// The sessions.
    #[error("sessions: {0}")]
    Sessions(#[from] SessionConfigError),
    /// The routes, or the API behind them.
    #[error("routes: {0}")]
    Routes(#[from] BffConfigError),
    /// Not a network.
    #[error("trusted_proxies: {0:?} is not an address or network such as \"10.0.0.0/8\"")]
    Proxy(String),
}

impl Login {
    /// Users log in at this provider; their sessions are sealed under this key. Nothing is fetched yet.
    ///
    /// # Errors
    /// When a setting is invalid.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "written in place, as a builder"
    )]
    pub fn new(client: ClientConfig, key: impl Into<SessionKey>) -> Result<Self, ConfigError> {
        Self::with_clock(&client, key, Arc::new(SystemClock), Entropy::system())
    }

    /// The same by a clock and randomness of your own, for tests.
    ///
    /// # Errors
    /// When a setting is invalid.
    pub fn with_clock(
        client: &ClientConfig,
        key: impl Into<SessionKey>,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
    ) -> Result<Self, ConfigError> {
        let rp = RelyingParty::new(client, Arc::clone(&clock), entropy.clone())?;
        let (origin, callback) = place(rp.redirect_uri());
        let below = callback.rsplit_once('/').map_or("", |(below, _)| below);
        let mut routes = BffConfig::pages();
        routes.paths = Paths {
            callback: callback.clone(),
            ..Paths::below(below)
        };
        Parts {
            rp,
            routes,
            sessions: SessionConfig::new(key.into().0?, origin),
            store: Arc::new(MemoryStore::default()),
            trusted_proxies: Vec::new(),
            clock,
            entropy,
        }
        .build()
    }

    /// Keeps the sessions in this store.
    #[must_use]
    pub fn store(self, store: impl SessionStore) -> Self {
        let store: Arc<dyn SessionStore> = Arc::new(store);
        let bff = self.bff.in_store(Arc::clone(&store));
        let mut parts = Arc::unwrap_or_clone(self.parts);
        parts.store = store;
        Self {
            bff,
            parts: Arc::new(parts),
        }
    }

    /// Hands calls of `/api/*` on to this address with the access token put in: for a single-page app, whose scripts send
    /// `X-CSRF: 1` with whatever changes something.
    ///
    /// # Errors
    /// When the address is not a URL.
    pub fn api(self, upstream: impl Into<String>) -> Result<Self, ConfigError> {
        self.routes_with(|routes| {
            *routes = routes.clone().api(upstream);
            routes.csrf = CsrfPolicy::Header;
        })
    }

    /// Changes paths, the proof against forgery, error pages or the API.
    ///
    /// # Errors
    /// When a setting is invalid.
    pub fn routes_with(self, change: impl FnOnce(&mut BffConfig)) -> Result<Self, ConfigError> {
        let mut parts = Arc::unwrap_or_clone(self.parts);
        change(&mut parts.routes);
        parts.build()
    }

    /// Changes how long sessions last, where browsers find the app, and what its cookies are called.
    ///
    /// # Errors
    /// When a setting is invalid.
    pub fn sessions_with(
        self,
        change: impl FnOnce(&mut SessionConfig),
    ) -> Result<Self, ConfigError> {
        let mut parts = Arc::unwrap_or_clone(self.parts);
        change(&mut parts.sessions);
        parts.build()
    }

    /// Makes the pages for users for whom something went wrong, in place of the kit's own.
    ///
    /// # Errors
    /// Never for a login that could be made.
    pub fn error_page(
        self,
        page: impl Fn(&PageError) -> Response + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        self.routes_with(|routes| routes.error_page = Some(Arc::new(page)))
    }

    /// Proxies before the app, such as `10.0.0.0/8`: their `X-Forwarded-For` and `X-Request-Id` are trusted.
    ///
    /// # Errors
    /// When one is not an address or a network.
    pub fn trusted_proxies(
        self,
        proxies: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, ConfigError> {
        let network = |text: &str| {
            let single = text.parse::<IpAddr>().map(IpNet::from);
            single
                .or_else(|_| text.parse())
                .map_err(|_| ConfigError::Proxy(text.to_owned()))
        };
        let networks = proxies.into_iter().map(|text| network(text.as_ref()));
        let mut parts = Arc::unwrap_or_clone(self.parts);
        parts.trusted_proxies = networks.collect::<Result<_, _>>()?;
        parts.build()
    }

    /// The routes of the login, for a program that brings its own request ids, client addresses and headers: see
    /// [`Login::wrap`].
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.bff.routes()
    }

    /// The app: its router with the routes of the login, request ids, client addresses and security headers. Which of its routes
    /// need a login is said by [`LoggedIn`](crate::LoggedIn) and the guards. Call it last: routes added afterwards stand outside.
    ///
    /// # Panics
    /// As [`Router::merge`]: when the router has a route of the login's too.
    pub fn wrap(&self, router: Router) -> Router {
        let seed = u64::from_be_bytes(self.parts.entropy.bytes());
        let inbound = Inbound {
            trusted_proxies: self.parts.trusted_proxies.clone(),
            ..Inbound::new(self.bff.sessions().origin().starts_with("https://"), seed)
        };
        inbound.wrap(router.merge(self.routes()))
    }

    /// Asks the provider once for its metadata document. To be called at the start, to learn of a wrong issuer before the first
    /// user does.
    ///
    /// # Errors
    /// When users can't log in now, with the reason.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let rp = &self.parts.rp;
        let asked = rp.ready().await;
        asked.map_err(|error| NotReady::new(rp.issuer(), error))
    }

    /// Serves the app, made by [`Login::wrap`], until the process receives a stop signal, then finishes the requests in progress.
    ///
    /// The provider is asked once at the start: what is wrong with it is logged, or written to standard error when the program has
    /// no subscriber for its log. The app starts in any case, as the provider may start later.
    ///
    /// # Errors
    /// When the process can't listen for signals.
    pub async fn serve(&self, listener: TcpListener, router: Router) -> std::io::Result<()> {
        let config = ListenerConfig {
            trusted: self.parts.trusted_proxies.clone(),
            ..ListenerConfig::default()
        };
        let login = self.clone();
        tokio::spawn(async move {
            if let Err(error) = login.ready().await {
                error.report();
            }
        });
        serve(vec![listener], self.wrap(router), config, on_signal()?).await
    }

    /// Where to log in, and come back to this page.
    #[must_use]
    pub fn login_path(&self, return_to: &ReturnTo) -> String {
        self.bff.login_path(return_to)
    }

    /// Where to log in as an API asks (RFC 9470), and come back to this page.
    #[must_use]
    pub fn step_up_path(&self, return_to: &ReturnTo, asked: &StepUp) -> String {
        self.bff.step_up_path(return_to, asked)
    }

    /// The sessions.
    #[must_use]
    pub fn sessions(&self) -> &Arc<Sessions> {
        self.bff.sessions()
    }
}

impl Parts {
    fn build(self) -> Result<Login, ConfigError> {
        let sessions = Sessions::new(
            self.sessions.clone(),
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
            self.entropy.clone(),
        )?;
        Ok(Login {
            bff: Bff::new(self.routes.clone(), self.rp.clone(), sessions)?,
            parts: Arc::new(self),
        })
    }
}

/// Origin and path of a redirect URI, which was checked before.
fn place(redirect_uri: &str) -> (String, String) {
    let url = Url::parse(redirect_uri).ok();
    let split = url.map(|url| (url.origin().ascii_serialization(), url.path().to_owned()));
    split.unwrap_or_default()
}

impl FromRef<Login> for Bff {
    fn from_ref(login: &Login) -> Self {
        login.bff.clone()
    }
}

impl AsRef<Bff> for Login {
    fn as_ref(&self) -> &Bff {
        &self.bff
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl SessionKey {
    /// A key that is drawn now: sessions end with the process.
    #[must_use]
    pub fn random() -> Self {
        MasterKey::generate(&Entropy::system()).into()
    }
}

impl From<MasterKey> for SessionKey {
    fn from(key: MasterKey) -> Self {
        Self(Ok(key))
    }
}

impl From<&str> for SessionKey {
    fn from(text: &str) -> Self {
        Self(MasterKey::parse(text))
    }
}

impl From<&String> for SessionKey {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for SessionKey {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&SecretText> for SessionKey {
    fn from(text: &SecretText) -> Self {
        text.expose().into()
    }
}

impl From<SecretText> for SessionKey {
    fn from(text: SecretText) -> Self {
        text.expose().into()
    }
}
