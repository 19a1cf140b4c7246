//! Rate limits (requirement 1.14).

use schemars::JsonSchema;
use serde::Deserialize;

/// Rate limits: requests a minute, counted by network (/24, /64), by client or by account; 0 lifts one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Whether there are limits; `false` is for load tests.
    pub enabled: bool,
    /// Authorization requests and steps of a login a minute from one network.
    pub authorize_per_minute: u32,
    /// Attempts to log in a minute from one network.
    pub login_per_minute: u32,
    /// Attempts to log in a minute at one account, by browsers that have not logged it in before; each that has is counted by itself.
    pub login_per_account_per_minute: u32,
    /// Requests a minute to token endpoint, introspection and revocation from one network.
    pub token_per_minute: u32,
    /// Token requests a minute of one client.
    pub token_per_client_per_minute: u32,
    /// Introspections and revocations a minute of one client.
    pub introspection_per_client_per_minute: u32,
    /// Requests a minute to userinfo, logout and account page from one network.
    pub other_per_minute: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            authorize_per_minute: 300,
            login_per_minute: 60,
            login_per_account_per_minute: 20,
            token_per_minute: 1200,
            token_per_client_per_minute: 12_000,
            introspection_per_client_per_minute: 60_000,
            other_per_minute: 1200,
        }
    }
}
