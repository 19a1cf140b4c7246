//! Who may read `/metrics`.

use schemars::JsonSchema;
use serde::Deserialize;

/// The metrics for Prometheus, at `/metrics`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// Networks that may read them, such as `10.0.0.0/8`; for all others the page does not exist.
    pub allow: Vec<String>,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            allow: vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
        }
    }
}
