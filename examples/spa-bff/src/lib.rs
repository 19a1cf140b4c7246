//! A single-page app whose tokens stay on the server.
//!
//! The page consists of modules in `web/`: no build step, nothing inline, a strict Content-Security-Policy. It calls only this
//! server. The kit, [`Login`], has the routes below `/bff` (login, user, logout) and forwards `/api/*` to the orders API with
//! the access token.
//!
//! Read [`router`] first, then `web/app.js`.

mod page;

use axum::Router;
use cardea_client::{ClientConfig, ConfigError, Login, SecretText, SessionKey};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::net::TcpListener;

/// The contents of `spa-bff.toml`.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address and port to listen at.
    pub listen: String,
    /// The origin of the app as browsers see it, for cookies and addresses.
    pub origin: String,
    /// 32 random bytes that seal sessions: `openssl rand -base64 32`. Without it they are generated at each start.
    pub session_key: Option<SecretText>,
    /// The login of users.
    pub login: ClientConfig,
    /// The orders API.
    pub api: String,
    /// The path under which the page calls it.
    pub api_prefix: String,
    /// Proxies before the app, such as `10.0.0.0/8`: their `X-Forwarded-For` and `X-Request-Id` are trusted.
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

/// The whole app: the page, its backend, and the proxy to the API.
///
/// # Errors
/// When a setting is invalid.
pub fn router(config: &Config) -> anyhow::Result<Router> {
    Ok(login(config)?.wrap(page::routes(config)?))
}

/// Serves the app until the process receives a stop signal.
///
/// # Errors
/// When a setting is invalid.
pub async fn serve(config: &Config, listener: TcpListener) -> anyhow::Result<()> {
    let login = login(config)?;
    Ok(login.serve(listener, page::routes(config)?).await?)
}

/// The kit: the routes below `/bff`, and the API.
fn login(config: &Config) -> Result<Login, ConfigError> {
    let key = match &config.session_key {
        Some(key) => key.into(),
        None => SessionKey::random(),
    };
    Login::new(config.login.clone(), key)?
        .trusted_proxies(&config.trusted_proxies)?
        .sessions_with(|sessions| {
            sessions.origin.clone_from(&config.origin);
            sessions.name = "spa".to_owned();
        })?
        .api(&config.api)?
        .routes_with(|routes| {
            // The page shows the reason.
            routes.login_failed = Some("/".to_owned());
            if let Some(api) = &mut routes.api {
                api.prefix.clone_from(&config.api_prefix);
            }
        })
}
