//! What is wrong with an issuer, said where an operator sees it.

use std::{fmt, io::Write as _};

use cardea_web::outbound::FetchError;

const MEANT: &str = "If the address is meant, add it to `allow` in the configuration of this API";

/// Why tokens can't be checked now.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the issuer {issuer:?} can't be used: {reason}. {hint}")]
pub struct NotReady {
    issuer: String,
    reason: FetchError,
    hint: &'static str,
}

impl NotReady {
    pub(crate) fn new(issuer: &str, reason: FetchError) -> Self {
        let hint = match &reason {
            FetchError::Document(text) if text.contains("is configured") => {
                "Configure the issuer exactly as its own document names it; a slash at the end counts"
            }
            FetchError::Document(text) if text.contains("may not be fetched") => MEANT,
            FetchError::Status(_) | FetchError::Document(_) => {
                "Is there a provider at this address, and is the path of the issuer complete?"
            }
            FetchError::Address(_) => MEANT,
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
            tracing::error!("{self}; until then requests with a token are answered with 503");
            return;
        }
        let line = format!(
            "cardea-resource: {self}; until then requests with a token are answered with 503\n"
        );
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
