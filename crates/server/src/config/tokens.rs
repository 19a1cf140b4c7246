//! Lifetimes.

use cardea_web::config::Duration;
use schemars::JsonSchema;
use serde::Deserialize;

/// Lifetimes of codes and tokens.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokensConfig {
    /// How long a code can be redeemed, at most `10m`.
    pub code_ttl: Duration,
    /// How long an access token lives, at most `1d`.
    pub access_token_ttl: Duration,
    /// How long an ID token lives.
    pub id_token_ttl: Duration,
    /// A refresh token expires when it isn't used for this long; at most `refresh_token_absolute_ttl`.
    pub refresh_token_idle_ttl: Duration,
    /// A refresh token expires this long after the login, however often it is used.
    pub refresh_token_absolute_ttl: Duration,
}

impl Default for TokensConfig {
    fn default() -> Self {
        const DAY: u64 = 86_400;
        Self {
            code_ttl: Duration::from_secs(60),
            access_token_ttl: Duration::from_secs(15 * 60),
            id_token_ttl: Duration::from_secs(60 * 60),
            refresh_token_idle_ttl: Duration::from_secs(30 * DAY),
            refresh_token_absolute_ttl: Duration::from_secs(90 * DAY),
        }
    }
}

/// Lifetimes of browser sessions.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionsConfig {
    /// A session ends when neither the browser nor one of its applications uses it for this long; at most `absolute_ttl`.
    pub idle_ttl: Duration,
    /// A session ends this long after the login, however much it is used.
    pub absolute_ttl: Duration,
    /// "Stay signed in": the sign-in page offers it when this is set, such as `30d`. Such a session outlives the browser, has no
    /// `idle_ttl`, and ends this long after the login; at least `absolute_ttl`, at most `400d`. Not set, nothing is offered, and
    /// every session ends with the browser.
    pub remember: Option<Duration>,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            idle_ttl: Duration::from_secs(30 * 60),
            absolute_ttl: Duration::from_secs(8 * 3600),
            remember: None,
        }
    }
}
