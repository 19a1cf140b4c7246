//! The only place that knows how a failure looks on the wire (D2).
//!
//! OAuth endpoints answer the RFC's JSON, pages a plain sentence. The cause is in the log,
//! under the reference that the caller sees.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use cardea_protocol::{ErrorCode, OAuthError};
use cardea_store::{NotDone, StoreError};
use cardea_web::{
    inbound::{FormError, Logged, limits::Decision},
    log::REFUSED,
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{
    caller::Caller,
    ctx::Ctx,
    error_page::page::{ErrorPage, PageError},
    explain::{self, Explanation},
    keys::KeyError,
    pages::{Back, html},
    passwords::Busy,
};

/// Why a request was not answered as it wished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A rule refused it.
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The body or the query can't be read.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A rate limit.
    #[error("a rate limit was reached")]
    Limited(Decision),
    /// The password pool is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A page that can't continue.
    #[error("{cause}")]
    Page {
        /// What the user reads.
        page: PageError,
        /// What is logged.
        cause: String,
        /// The link that starts the journey again, if one can.
        restart: Option<String>,
    },
    /// An authorization request that a check refused, and which can't go back to its client.
    #[error("{error}")]
    Refused {
        /// What the page says.
        page: PageError,
        /// Which check refused it, for the log.
        error: OAuthError,
    },
    /// Our own mistake.
    #[error("{0}")]
    Internal(String),
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => Self::Store(error),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl Failure {
    /// A page that can't continue.
    pub(crate) fn page(page: PageError, cause: impl Into<String>) -> Self {
        Self::Page {
            page,
            cause: cause.into(),
            restart: None,
        }
    }

    /// The same page, with a link that starts the journey again.
    #[must_use]
    pub(crate) fn with_restart(self, link: Option<String>) -> Self {
        match self {
            Self::Page { page, cause, .. } => Self::Page {
                page,
                cause,
                restart: link,
            },
            other => other,
        }
    }

    /// Errors of ours are the operator's business; those of others are only noted.
    fn log(&self, caller: &Caller) {
        let request_id = caller.request_id;
        match self {
            Self::OAuth(e) | Self::Refused { error: e, .. } => {
                explain::log(caller, e);
            }
            Self::Page { page, cause, .. } if *page != PageError::Unexpected => {
                tracing::info!(target: REFUSED, %request_id, ?page, cause, "refused with a page");
            }
            Self::Form(_) | Self::Limited(_) | Self::Busy(_) => {
                tracing::info!(target: REFUSED, %request_id, cause = %self, "refused");
            }
            Self::Store(_) | Self::Internal(_) | Self::Page { .. } => {
                tracing::error!(%request_id, cause = %self, "failed");
            }
        }
    }
}

#[derive(Serialize)]
struct OAuthJson<'a> {
    error: ErrorCode,
    error_description: &'a str,
}

/// The answer of an OAuth endpoint: what it gives, or RFC 6749 §5.2.
pub(crate) fn oauth<T: IntoResponse>(caller: &Caller, result: Result<T, Failure>) -> Response {
    match result {
        Ok(answer) => answer.into_response(),
        Err(failure) => {
            failure.log(caller);
            logged(refuse(&failure))
        }
    }
}

fn refuse(failure: &Failure) -> Response {
    match failure {
        Failure::OAuth(e) | Failure::Refused { error: e, .. } => {
            json(status(e.code()), e.code(), e.description())
        }
        Failure::Form(e) => json(e.status(), ErrorCode::InvalidRequest, &e.to_string()),
        Failure::Limited(decision) => {
            let code = ErrorCode::TemporarilyUnavailable;
            let mut response = json(StatusCode::TOO_MANY_REQUESTS, code, &decision.message());
            decision.write(response.headers_mut());
            response
        }
        Failure::Busy(_)
        | Failure::Store(StoreError::Unavailable {
            done: NotDone::Sure,
            ..
        }) => busy(json(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::TemporarilyUnavailable,
            "nothing was changed; send the same request again",
        )),
        Failure::Store(StoreError::Unavailable { .. }) => busy(json(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::TemporarilyUnavailable,
            "the server can't answer now",
        )),
        Failure::Store(_) | Failure::Page { .. } | Failure::Internal(_) => json(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::ServerError,
            "the failure was logged under the id in X-Request-Id",
        ),
    }
}

/// The answer of an OAuth endpoint to a method that it doesn't have.
pub(crate) fn wrong_method() -> Response {
    json(
        StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::InvalidRequest,
        "the header Allow names the methods of this address",
    )
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        // RFC 6749 §5.2, RFC 6750 §3.1
        ErrorCode::InvalidClient | ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
        ErrorCode::InsufficientScope | ErrorCode::AccessDenied => StatusCode::FORBIDDEN,
        ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn json(status: StatusCode, error: ErrorCode, description: &str) -> Response {
    let mut response = (
        status,
        Json(OAuthJson {
            error,
            error_description: &legible(description),
        }),
    )
        .into_response();
    let headers = response.headers_mut();
    no_store(headers);
    if error == ErrorCode::InvalidClient {
        // RFC 6749 §5.2, RFC 9110 §15.5.2: a challenge of the scheme that the client may use. It names the error too
        // (RFC 9110 §11.2): libraries that see a challenge don't read the body.
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(
                "Basic realm=\"cardea\", charset=\"UTF-8\", error=\"invalid_client\"",
            ),
        );
    }
    response
}

/// RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
pub(crate) fn legible(description: &str) -> String {
    description
        .chars()
        .map(|c| {
            if matches!(c, ' ' | '!' | '#'..='[' | ']'..='~') {
                c
            } else {
                '\''
            }
        })
        .collect()
}

/// RFC 6749 §5.1: neither tokens nor errors about them are cached.
pub(crate) fn no_store(headers: &mut http::HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

fn busy(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

const BY_LANGUAGE: HeaderValue = HeaderValue::from_static("accept-language");

/// The answer of a page: the page, or the error page.
pub(crate) fn page(ctx: &Ctx, result: Result<Response, Failure>) -> Response {
    let mut response = match result {
        Ok(response) => response,
        Err(failure) => {
            failure.log(&ctx.caller);
            logged(error_page(ctx, &failure, None))
        }
    };
    let headers = response.headers_mut();
    let content_type = headers.get(header::CONTENT_TYPE);
    if content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html")) {
        // RFC 9110 §8.5, §12.5.5
        let lang = HeaderValue::from_static(ctx.lang().as_str());
        headers.insert(header::CONTENT_LANGUAGE, lang);
        headers.insert(header::VARY, BY_LANGUAGE);
    }
    response
}

/// The response of a request whose refusal was logged with its cause.
pub(crate) fn logged(mut response: Response) -> Response {
    response.extensions_mut().insert(Logged);
    response
}

/// The error page for a failure.
pub(crate) fn error_page(ctx: &Ctx, failure: &Failure, back: Option<Back<'_>>) -> Response {
    let page = match failure {
        Failure::Page { page, .. } | Failure::Refused { page, .. } => *page,
        Failure::OAuth(e) if e.code() == ErrorCode::InvalidClient => PageError::UnknownApp,
        Failure::OAuth(_) | Failure::Form(_) => PageError::BrokenLink,
        Failure::Limited(_) => PageError::TooMany,
        Failure::Busy(_) | Failure::Store(StoreError::Unavailable { .. }) => PageError::Busy,
        Failure::Store(_) | Failure::Internal(_) => PageError::Unexpected,
    };
    // What is registered is shown only to the developer who runs `cardea dev`.
    let explanation = match failure {
        Failure::OAuth(error) | Failure::Refused { error, .. } if ctx.app.settings.development => {
            Explanation::of(error)
        }
        _ => None,
    };
    let restart = match failure {
        Failure::Page { restart, .. } => restart.clone(),
        _ => None,
    };
    let shell = ctx.shell();
    let mut response = html(
        ErrorPage::CSP,
        &ErrorPage {
            shell,
            error: page,
            back,
            restart,
            explanation,
        },
    );
    *response.status_mut() = match page {
        PageError::NotFound => StatusCode::NOT_FOUND,
        PageError::NotFromHere => StatusCode::FORBIDDEN,
        PageError::TooMany => StatusCode::TOO_MANY_REQUESTS,
        PageError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        PageError::Unexpected => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    match failure {
        Failure::Form(e) => *response.status_mut() = e.status(),
        Failure::Limited(decision) => decision.write(response.headers_mut()),
        _ if page == PageError::Busy => return busy(response),
        _ => {}
    }
    response
}
