use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and should be looked at.
    Warning,
    /// It doesn't work, or isn't safe.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at: `issuer`, `store`, `keys` …
    pub subject: String,
    /// What was seen.
    pub what: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    /// It is as it should be.
    #[must_use]
    pub fn ok(subject: &str, what: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            subject: subject.to_owned(),
            what: what.into(),
            advice: None,
        }
    }

    /// It works, and should be looked at.
    #[must_use]
    pub fn warning(subject: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            advice: Some(advice.into()),
            ..Self::ok(subject, what)
        }
    }

    /// It doesn't work, or isn't safe. Without advice where `what` says it.
    #[must_use]
    pub fn problem(subject: &str, what: impl Into<String>) -> Self {
        Self {
            level: Level::Problem,
            ..Self::ok(subject, what)
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}
