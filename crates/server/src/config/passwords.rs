//! Passwords.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::problem::ConfigProblem;
use crate::passwords::BreachedFilter;

/// Passwords.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordsConfig {
    /// A file of `cardea passwords build-filter`: new passwords that are in its list are refused. Nothing is sent anywhere.
    pub breached_filter: Option<String>,
}

impl PasswordsConfig {
    /// Opens the filter. All of it is read once.
    pub(crate) fn filter(&self) -> Result<Option<BreachedFilter>, ConfigProblem> {
        let Some(path) = &self.breached_filter else {
            return Ok(None);
        };
        let filter = BreachedFilter::open(Path::new(path));
        let problem = |e| ConfigProblem::new("passwords.breached_filter", format!("{path}: {e}"));
        filter.map(Some).map_err(problem)
    }
}
