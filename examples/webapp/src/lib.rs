//! An app whose pages are made on the server, and that users log in to.
//!
//! Which provider they log in at is only configuration: Cardea, Entra ID, or any other. Login, callback and logout are the
//! [`Bff`] kit's; the rest is a file a page. `calculator.rs` is what a feature looks like: see
//! `docs/how-to/add-a-feature-to-the-webapp.md`.
//!
//! Read [`router`] first.

mod calculator;
mod debug;
mod errors;
mod home;
mod page;

use std::sync::Arc;

use anyhow::Context as _;
use axum::response::Redirect;
use axum::routing::get;
use axum::{Router, middleware};
use cardea_client::bff::{Bff, BffConfig};
use cardea_client::rp::{ClientConfig, RelyingParty};
use cardea_client::session::{MemoryStore, SessionConfig, Sessions};
use cardea_client::{Entropy, MasterKey, SystemClock};
use cardea_web::config::SecretText;
use cardea_web::inbound::Inbound;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::page::App;

/// What stands in `webapp.toml`.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address and port to listen at.
    pub listen: String,
    /// Where browsers find the app. Cookies and addresses are made from it.
    pub origin: String,
    /// The path that all its pages are under, such as `/app`; empty for all of the origin.
    pub path: String,
    /// 32 random bytes that seal sessions: `openssl rand -base64 32`. Without it they are drawn at each start.
    pub session_key: Option<SecretText>,
    /// How users are logged in.
    pub login: ClientConfig,
    /// Proxies before the app, such as `10.0.0.0/8`: their `X-Forwarded-For` and `X-Request-Id` are believed.
    pub trusted_proxies: Vec<String>,
    /// Whether there is a page for developers, for this machine only.
    pub debug: bool,
    /// A line above each page, such as "TEST".
    pub notice: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:5174".to_owned(),
            origin: "http://localhost:5174".to_owned(),
            path: String::new(),
            session_key: None,
            login: ClientConfig::default(),
            trusted_proxies: Vec::new(),
            debug: false,
            notice: None,
        }
    }
}

/// The whole app.
///
/// # Errors
/// When a setting can't be.
pub fn router(config: &Config) -> anyhow::Result<Router> {
    let app = App::new(config, login(config)?);
    let path = |page: &str| format!("{}{page}", config.path);
    let mut routes = Router::new()
        .route(&app.home(), get(home::show))
        .route(&path("/calculator"), get(calculator::show))
        .route(&path("/debug"), get(debug::show))
        .route(&path("/style.css"), get(page::style))
        .merge(app.bff().routes());
    if !config.path.is_empty() {
        // Users don't type the slash.
        let home = app.home();
        routes = routes.route(&config.path, get(async move || Redirect::to(&home)));
    }
    let routes = routes
        .fallback(errors::not_found)
        .layer(middleware::from_fn_with_state(
            app.clone(),
            errors::in_words,
        ))
        .with_state(app);
    let https = config.origin.starts_with("https://");
    let seed = u64::from_be_bytes(Entropy::system().bytes());
    let mut inbound = Inbound::new(https, seed);
    let proxies = config.trusted_proxies.iter().map(|network| network.parse());
    inbound.trusted_proxies = proxies
        .collect::<Result<_, _>>()
        .context("trusted_proxies")?;
    Ok(inbound.wrap(routes))
}

/// The kit: `/login`, `/callback`, `/user`, `/logout` and `/backchannel-logout`, under the app's path.
fn login(config: &Config) -> anyhow::Result<Bff> {
    let (clock, entropy) = (Arc::new(SystemClock), Entropy::system());
    let rp = RelyingParty::new(&config.login, clock.clone(), entropy.clone()).context("login")?;
    let key = match &config.session_key {
        Some(key) => MasterKey::parse(key.expose()).context("session_key")?,
        None => MasterKey::generate(&entropy),
    };
    let mut sessions = SessionConfig::new(key, &config.origin);
    sessions.name = "webapp".to_owned();
    let store = Arc::new(MemoryStore::default());
    let sessions = Sessions::new(sessions, store, clock, entropy)?;
    let mut routes = BffConfig::pages();
    let paths = &mut routes.paths;
    for path in [
        &mut paths.login,
        &mut paths.callback,
        &mut paths.user,
        &mut paths.logout,
        &mut paths.backchannel_logout,
    ] {
        path.insert_str(0, &config.path);
    }
    routes.after_logout = format!("{}/", config.path);
    Ok(Bff::new(routes, rp, sessions)?)
}
