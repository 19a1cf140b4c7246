//! A server-rendered app with a login.
//!
//! The provider is only configuration: Cardea, Entra ID, or any other. Login, callback and logout are routes of the kit,
//! [`Login`]; each other page is a file. `calculator.rs` is an example of a feature: see
//! `docs/how-to/add-a-feature-to-the-webapp.md`.
//!
//! Read [`router`] first.

mod calculator;
mod debug;
mod errors;
mod home;
mod page;

use axum::{Router, middleware, response::Redirect, routing::get};
use cardea_client::{ClientConfig, ConfigError, Login, SecretText, SessionKey};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::page::App;

/// The contents of `webapp.toml`.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address and port to listen at.
    pub listen: String,
    /// The origin of the app as browsers see it, for cookies and addresses.
    pub origin: String,
    /// The path prefix of all pages, such as `/app`; empty for the whole origin.
    pub path: String,
    /// 32 random bytes that seal sessions: `openssl rand -base64 32`. Without it they are generated at each start.
    pub session_key: Option<SecretText>,
    /// The login of users.
    pub login: ClientConfig,
    /// Proxies before the app, such as `10.0.0.0/8`: their `X-Forwarded-For` and `X-Request-Id` are trusted.
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
/// When a setting is invalid.
pub fn router(config: &Config) -> anyhow::Result<Router> {
    let login = login(config)?;
    Ok(login.wrap(routes(config, &login)))
}

/// Serves the app until the process receives a stop signal.
///
/// # Errors
/// When a setting is invalid.
pub async fn serve(config: &Config, listener: TcpListener) -> anyhow::Result<()> {
    let login = login(config)?;
    Ok(login.serve(listener, routes(config, &login)).await?)
}

fn routes(config: &Config, login: &Login) -> Router {
    let app = App::new(config, login.clone());
    let path = |page: &str| format!("{}{page}", config.path);
    let mut routes = Router::new()
        .route(&app.home(), get(home::show))
        .route(&path("/calculator"), get(calculator::show))
        .route(&path("/debug"), get(debug::show))
        .route(&path("/style.css"), get(page::style));
    if !config.path.is_empty() {
        // Users don't type the slash at the end.
        let home = app.home();
        routes = routes.route(&config.path, get(async move || Redirect::to(&home)));
    }
    routes
        .fallback(errors::not_found)
        .layer(middleware::from_fn_with_state(
            app.clone(),
            errors::in_words,
        ))
        .with_state(app)
}

/// The kit: `/login`, `/callback`, `/user`, `/logout` and `/backchannel-logout`, under the app's path.
fn login(config: &Config) -> Result<Login, ConfigError> {
    let key = match &config.session_key {
        Some(key) => key.into(),
        None => SessionKey::random(),
    };
    Login::new(config.login.clone(), key)?
        .trusted_proxies(&config.trusted_proxies)?
        .sessions_with(|sessions| {
            sessions.origin.clone_from(&config.origin);
            sessions.name = "webapp".to_owned();
        })?
        .routes_with(|routes| routes.after_logout = format!("{}/", config.path))?
        .error_page(errors::of_the_kit(config))
}
