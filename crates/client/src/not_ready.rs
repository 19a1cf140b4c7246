//! What is wrong with a provider, said where an operator sees it.

use std::{fmt, io::Write as _};

use cardea_web::outbound::FetchError;

use crate::rp::RpError;

const MEANT: &str =
    "If the address is meant, add it to `allow` in the configuration of this client";

/// Why users can't log in now.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider {issuer:?} can't be used: {reason}. {hint}")]
pub struct NotReady {
    issuer: String,
    reason: RpError,
    hint: &'static str,
}

impl NotReady {
    pub(crate) fn new(issuer: &str, reason: RpError) -> Self {
        let hint = match &reason {
            RpError::Unavailable(FetchError::Document(text)) if text.contains("is configured") => {
                "Configure the issuer exactly as its own document names it; a slash at the end counts"
            }
            RpError::Unavailable(FetchError::Document(text))
                if text.contains("may not be fetched") =>
            {
                MEANT
            }
            RpError::Unavailable(FetchError::Status(_) | FetchError::Document(_)) => {
                "Is there a provider at this address, and is the path of the issuer complete?"
            }
            RpError::Unavailable(FetchError::Address(_)) => MEANT,
            _ => {
                "Does it run, can it be reached from here, and is its certificate of a trusted authority (`ca_file` adds one)?"
            }
        };
        Self {
            issuer: issuer.to_owned(),
            reason,
            hint,
        }
    }

    /// Logs it, or writes it to standard error when nothing takes log lines.
    pub(crate) fn report(&self) {
        if tracing::dispatcher::has_been_set() {
            tracing::error!("{self}; until then no user can log in");
            return;
        }
        let line = format!("cardea-client: {self}; until then no user can log in\n");
        // Nothing waits for a reader of standard error, and a line that can't be written is lost.
        std::thread::spawn(move || {
            let _ = std::io::stderr().write_all(line.as_bytes());
        });
    }
}

/// The same sentence as `Display`, so that `main() -> Result` prints it.
impl fmt::Debug for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
