//! A single-page app whose tokens stay on the server.
//!
//! The page is plain modules in `web/`: no build step, nothing inline, a strict Content-Security-Policy. It speaks only to this server
//!. The [`Bff`] kit has the routes below `/bff` (log in, who am I, log out) and hands `/api/*` on to the orders API with
//! the access token put in.
//!
//! Read [`router`] first, then `web/app.js`.

mod page;

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use cardea_client::bff::{ApiConfig, Bff, BffConfig};
use cardea_client::rp::{ClientConfig, RelyingParty};
use cardea_client::session::{MemoryStore, SessionConfig, Sessions};
use cardea_client::{Entropy, MasterKey, SystemClock};
use cardea_web::config::SecretText;
use cardea_web::inbound::Inbound;
use cardea_web::outbound::UpstreamConfig;
use schemars::JsonSchema;
use serde::Deserialize;

/// What stands in `spa-bff.toml`.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address and port to listen at.
    pub listen: String,
    /// Where browsers find the app. Cookies and addresses are made from it.
    pub origin: String,
    /// 32 random bytes that seal sessions: `openssl rand -base64 32`. Without it they are drawn at each start.
    pub session_key: Option<SecretText>,
    /// How users are logged in.
    pub login: ClientConfig,
    /// The orders API.
    pub api: String,
    /// The path under which the page calls it.
    pub api_prefix: String,
    /// Proxies before the app, such as `10.0.0.0/8`: their `X-Forwarded-For` and `X-Request-Id` are believed.
    pub trusted_proxies: Vec<String>,
    /// A line above the page, such as "TEST".
    pub notice: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:5173".to_owned(),
            origin: "http://localhost:5173".to_owned(),
            session_key: None,
            login: ClientConfig::default(),
            api: "http://localhost:4000".to_owned(),
            api_prefix: "/api".to_owned(),
            trusted_proxies: Vec::new(),
            notice: None,
        }
    }
}

/// The whole app: the page, its backend, and the way to the API.
///
/// # Errors
/// When a setting can't be.
pub fn router(config: &Config) -> anyhow::Result<Router> {
    let (clock, entropy) = (Arc::new(SystemClock), Entropy::system());
    let rp = RelyingParty::new(&config.login, clock.clone(), entropy.clone()).context("login")?;
    let key = match &config.session_key {
        Some(key) => MasterKey::parse(key.expose()).context("session_key")?,
        None => MasterKey::generate(&entropy),
    };
    let mut sessions = SessionConfig::new(key, &config.origin);
    sessions.name = "spa".to_owned();
    let store = Arc::new(MemoryStore::default());
    let sessions = Sessions::new(sessions, store, clock, entropy.clone())?;
    let mut routes = BffConfig::spa();
    // The page says why, in its own words.
    routes.login_failed = Some("/".to_owned());
    routes.api = Some(ApiConfig {
        prefix: config.api_prefix.clone(),
        upstream: UpstreamConfig::new(&config.api),
    });
    let bff = Bff::new(routes, rp, sessions)?;
    let https = config.origin.starts_with("https://");
    let mut inbound = Inbound::new(https, u64::from_be_bytes(entropy.bytes()));
    let proxies = config.trusted_proxies.iter().map(|network| network.parse());
    inbound.trusted_proxies = proxies
        .collect::<Result<_, _>>()
        .context("trusted_proxies")?;
    Ok(inbound.wrap(page::routes(config)?.merge(bff.routes())))
}
