//! Why a request was refused: the checks that ran, what was sent and what is registered. This goes to the log, and in
//! `cardea dev` to the error page; a stranger never sees it.

use std::fmt;

mod difference;
mod nearest;

pub use difference::difference;
pub use nearest::{NameIndex, nearest, similar};

use crate::error::OAuthError;

/// The bound of a logged value in characters.
const MAX_VALUE_CHARS: usize = 256;
/// The bound of a trail in checks.
const MAX_STEPS: usize = 32;

/// A rule that a request has to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Its stable name, as the log has it.
    pub name: &'static str,
    /// The section of the specification that it enforces.
    pub section: &'static str,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The request passed it.
    Passed,
    /// The request was refused by it.
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// A value that was sent, or one that is registered, fit for a log: bounded, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// A value that is not secret.
    #[must_use]
    pub fn of(value: &str) -> Self {
        let mut text = String::new();
        for (count, c) in value.chars().enumerate() {
            if count == MAX_VALUE_CHARS {
                text.push('…');
                break;
            }
            // Line breaks would forge a line of the log; the others can hide text on a terminal.
            if c.is_control() || is_invisible(c) {
                text.extend(c.escape_unicode());
            } else {
                text.push(c);
            }
        }
        Self(text)
    }

    /// A parameter that was not sent, or registered.
    #[must_use]
    pub fn nothing() -> Self {
        Self("(nothing)".to_owned())
    }

    /// A secret or personal value: only its length.
    #[must_use]
    pub fn masked(value: &str) -> Self {
        Self(format!("(masked, {} bytes)", value.len()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bidirectional controls, zero-width characters and line separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What was sent and what is registered, for a check that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// What the request has.
    pub sent: Option<Shown>,
    /// What is registered; of several the one most like the sent one.
    pub registered: Option<Shown>,
    /// Where the two differ.
    pub differs: Option<String>,
    /// What to do.
    pub advice: Option<&'static str>,
}

impl Values {
    /// Two values that can be compared, neither of them secret.
    #[must_use]
    pub fn compared(sent: &str, registered: &str) -> Self {
        Self {
            sent: Some(Shown::of(sent)),
            registered: Some(Shown::of(registered)),
            differs: Some(difference(sent, registered)),
            advice: None,
        }
    }

    /// A value and what would be accepted.
    #[must_use]
    pub fn of(sent: Option<&str>, registered: &str) -> Self {
        Self {
            sent: sent.map(Shown::of),
            registered: Some(Shown::of(registered)),
            ..Self::default()
        }
    }

    /// What was sent and the registered value most like it.
    #[must_use]
    pub fn nearest<'a>(sent: Option<&str>, registered: impl IntoIterator<Item = &'a str>) -> Self {
        match sent {
            None => Self::default(),
            Some(sent) => match nearest(sent, registered) {
                Some(registered) => Self::compared(sent, registered),
                None => Self::sent(Some(Shown::of(sent))),
            },
        }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn advise(self, advice: &'static str) -> Self {
        Self {
            advice: Some(advice),
            ..self
        }
    }

    /// Only a value that was sent.
    #[must_use]
    pub fn sent(sent: Option<Shown>) -> Self {
        Self {
            sent,
            ..Self::default()
        }
    }
}

/// The checks that a request ran through, in their order. The last one failed, if any did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    client_id: Option<Shown>,
    steps: Vec<(Check, Outcome)>,
    values: Values,
}

impl Trail {
    /// The trail of a request that names this client; the name is unverified.
    #[must_use]
    pub fn of(client_id: Option<&str>) -> Self {
        Self {
            client_id: client_id.map(Shown::of),
            ..Self::default()
        }
    }

    /// The client that the request names, unverified.
    #[must_use]
    pub fn client_id(&self) -> Option<&Shown> {
        self.client_id.as_ref()
    }

    /// Notes that a check was passed.
    pub fn passed(&mut self, check: Check) {
        self.push(check, Outcome::Passed);
    }

    /// The error of a check that failed, with this trail.
    #[must_use]
    pub fn failed(mut self, check: Check, values: Values, error: OAuthError) -> OAuthError {
        self.push(check, Outcome::Failed);
        self.values = values;
        error.with_trail(self)
    }

    /// Notes how a check ended. Its error gets the trail.
    pub fn check<T>(
        &mut self,
        check: Check,
        result: Result<T, OAuthError>,
        values: impl FnOnce() -> Values,
    ) -> Result<T, OAuthError> {
        match result {
            Ok(value) => {
                self.passed(check);
                Ok(value)
            }
            Err(error) => Err(std::mem::take(self).failed(check, values(), error)),
        }
    }

    /// The error of a later rule, with the checks of this trail before those of the rule. An error without a trail failed
    /// at `check`.
    #[must_use]
    pub fn before(mut self, error: OAuthError, check: Check) -> OAuthError {
        let Some(later) = error.trail().cloned() else {
            return self.failed(check, Values::default(), error);
        };
        for (check, outcome) in later.steps {
            self.push(check, outcome);
        }
        self.values = later.values;
        self.client_id = self.client_id.or(later.client_id);
        error.with_trail(self)
    }

    fn push(&mut self, check: Check, outcome: Outcome) {
        if self.steps.len() < MAX_STEPS {
            self.steps.push((check, outcome));
        }
    }

    /// The check that failed.
    #[must_use]
    pub fn failure(&self) -> Option<Check> {
        let (check, outcome) = self.steps.last()?;
        (*outcome == Outcome::Failed).then_some(*check)
    }

    /// What was sent and registered, for the check that failed.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The checks and how they ended.
    pub fn steps(&self) -> impl Iterator<Item = (Check, Outcome)> {
        self.steps.iter().copied()
    }
}

/// The names of the checks and how they ended: `client passed, redirect_uri failed`.
impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (check, outcome)) in self.steps.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", check.name, outcome.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
