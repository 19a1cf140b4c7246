//! Why a request doesn't reach its handler, and the response: RFC 6750 §3.1, RFC 9457.

use std::{fmt, sync::Arc, time::Duration};

use axum::response::{IntoResponse, Response};
use cardea_protocol::{ErrorCode, verify::BearerError};
use cardea_web::inbound::Problem;
use http::{
    StatusCode,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};

use crate::challenge::{Authentication, Challenge, Fault};

/// When to come again while the issuer can't be asked, in seconds.
const RETRY_SECONDS: &str = "5";

/// Why there is no access token to speak of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// None was sent.
    #[error("no access token was sent")]
    Missing,
    /// It wasn't sent as RFC 6750 says.
    #[error("{0}")]
    Malformed(&'static str),
    /// It is not good here and now.
    #[error("{0}")]
    Invalid(InvalidToken),
    /// Unknown: the issuer can't be asked.
    #[error("the issuer can't be asked: {0}")]
    Unavailable(String),
    /// The client's network has sent too many invalid tokens; the issuer is not asked about another one before this time.
    #[error("rate limit for invalid tokens exceeded")]
    Limited(Duration),
}

/// Which check a token failed. For the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct InvalidToken(pub(crate) BearerError);

impl InvalidToken {
    /// What its sender may know.
    fn description(&self) -> &'static str {
        match &self.0 {
            BearerError::Expired => "the access token has expired",
            BearerError::NotYet => "the access token is not valid yet",
            BearerError::Issuer => "the access token is of another issuer",
            BearerError::Audience => "the access token is for another audience",
            _ => "the access token is invalid or revoked",
        }
    }
}

impl TokenError {
    pub(crate) fn answer(&self, challenge: &Challenge) -> Response {
        match self {
            // RFC 6750 §3.1: who sent no token learns no error, only what is asked for.
            Self::Missing => {
                let problem = Problem::new(StatusCode::UNAUTHORIZED, "Unauthorized")
                    .detail("An access token is needed.");
                ([(WWW_AUTHENTICATE, challenge.header(None))], problem).into_response()
            }
            Self::Malformed(description) => refuse(
                challenge,
                (StatusCode::BAD_REQUEST, "Bad request"),
                &Fault {
                    code: ErrorCode::InvalidRequest,
                    description,
                    scope: None,
                    authentication: None,
                },
            ),
            Self::Invalid(invalid) => refuse(
                challenge,
                (StatusCode::UNAUTHORIZED, "Unauthorized"),
                &Fault {
                    code: ErrorCode::InvalidToken,
                    description: invalid.description(),
                    scope: None,
                    authentication: None,
                },
            ),
            // The token may be good: its holder must not throw it away.
            Self::Unavailable(_) => {
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable")
                    .detail("The access token can't be checked at the moment.");
                ([(RETRY_AFTER, RETRY_SECONDS)], problem).into_response()
            }
            Self::Limited(wait) => {
                let seconds = wait.as_secs().saturating_add(1);
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests")
                    .detail(format!("Too many invalid access tokens came from this network. Retry after {seconds} seconds."));
                ([(RETRY_AFTER, seconds.to_string())], problem).into_response()
            }
        }
    }
}

fn refuse(challenge: &Challenge, title: (StatusCode, &str), fault: &Fault<'_>) -> Response {
    let problem = Problem::new(title.0, title.1).detail(sentence(fault.description));
    ([(WWW_AUTHENTICATE, challenge.header(Some(fault)))], problem).into_response()
}

fn sentence(description: &str) -> String {
    let mut letters = description.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// A good token that may not do this. As a response it is 403, or 404 after [`Forbidden::as_not_found`], or 401 where another
/// authentication of the user would do.
#[derive(Clone)]
pub struct Forbidden {
    description: String,
    scope: Option<String>,
    /// The token may do this, after another authentication of its user.
    authentication: Option<Authentication>,
    hidden: bool,
    /// Whether there is an object at all: one that does not exist is not counted as forbidden.
    missing: bool,
    challenge: Arc<Challenge>,
}

impl Forbidden {
    pub(crate) fn new(challenge: &Arc<Challenge>, description: String) -> Self {
        Self {
            description,
            scope: None,
            authentication: None,
            hidden: false,
            missing: false,
            challenge: Arc::clone(challenge),
        }
    }

    pub(crate) fn for_scope(
        challenge: &Arc<Challenge>,
        description: String,
        scope: String,
    ) -> Self {
        Self {
            scope: Some(scope),
            ..Self::new(challenge, description)
        }
    }

    /// RFC 9470 §3: another authentication of the user is needed.
    pub(crate) fn for_authentication(
        challenge: &Arc<Challenge>,
        description: String,
        asked: Authentication,
    ) -> Self {
        Self {
            authentication: Some(asked),
            ..Self::new(challenge, description)
        }
    }

    /// For an object that does not exist: answered exactly as a forbidden one after [`Forbidden::as_not_found`].
    pub(crate) fn missing(challenge: &Arc<Challenge>) -> Self {
        Self {
            hidden: true,
            missing: true,
            ..Self::new(challenge, "the object does not exist".to_owned())
        }
    }

    /// Answers as if the object did not exist, for objects of which a stranger must not even know that they exist.
    #[must_use]
    pub fn as_not_found(self) -> Self {
        Self {
            hidden: true,
            ..self
        }
    }
}

impl IntoResponse for Forbidden {
    fn into_response(self) -> Response {
        if self.missing {
            tracing::debug!("a request was for an object that does not exist");
        } else {
            metrics::counter!(cardea_web::metric_names::RESOURCE_FORBIDDEN).increment(1);
            tracing::info!(why = self.description, "a request was forbidden");
        }
        if self.hidden {
            return Problem::new(StatusCode::NOT_FOUND, "Not found").into_response();
        }
        // RFC 9470 §3: the client asks the user to authenticate again, by these values.
        if let Some(asked) = &self.authentication {
            let fault = Fault {
                code: ErrorCode::InsufficientUserAuthentication,
                description: &self.description,
                scope: None,
                authentication: Some(asked),
            };
            let title = (StatusCode::UNAUTHORIZED, "Unauthorized");
            return refuse(&self.challenge, title, &fault);
        }
        // RFC 6750 §3.1: insufficient_scope is "more privileges than the token provides", and names the scope that is needed.
        let fault = Fault {
            code: ErrorCode::InsufficientScope,
            description: &self.description,
            scope: self.scope.as_deref(),
            authentication: None,
        };
        refuse(
            &self.challenge,
            (StatusCode::FORBIDDEN, "Forbidden"),
            &fault,
        )
    }
}

impl fmt::Debug for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forbidden({:?})", self.description)
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}

impl std::error::Error for Forbidden {}
