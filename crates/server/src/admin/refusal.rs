//! The errors of the administration.

use std::fmt::Display;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use cardea_protocol::model::{IdError, MetadataError};
use cardea_store::{Constraint, NotDone, StoreError};
use cardea_web::inbound::{Problem, RequestId};
use http::{
    HeaderValue, StatusCode,
    header::{HeaderName, RETRY_AFTER},
};

use crate::{
    keys::{KeyError, RemoveError, RotateError},
    passwords::{Busy, HashError, PasswordError},
};

/// A problem document, and the cause for the log, which the caller does not see.
pub(super) struct Refusal {
    problem: Box<Problem>,
    status: StatusCode,
    cause: Option<String>,
    header: Option<(HeaderName, HeaderValue)>,
    changed_meanwhile: bool,
}

/// The result of a handler.
pub(super) type Answer<T> = Result<T, Refusal>;

#[derive(Clone)]
struct Logged(String);

impl Refusal {
    /// A refusal that says why.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Refused");
        Self {
            problem: Box::new(Problem::new(status, title).detail(detail)),
            status,
            cause: None,
            header: None,
            changed_meanwhile: false,
        }
    }

    /// The request is wrong.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// What is named does not exist.
    pub(super) fn not_found(what: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no {what}."))
    }

    /// The current state does not allow it.
    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// Our own failure.
    pub(super) fn internal(cause: impl Display) -> Self {
        Self {
            problem: Box::new(Problem::internal()),
            status: StatusCode::INTERNAL_SERVER_ERROR,
            cause: Some(cause.to_string()),
            header: None,
            changed_meanwhile: false,
        }
    }

    /// The same, with a header.
    pub(super) fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self {
            header: Some((name, value)),
            ..self
        }
    }

    /// Whether the change was computed from what another change has replaced.
    pub(super) fn is_changed_meanwhile(&self) -> bool {
        self.changed_meanwhile
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let detail = match &error {
            StoreError::Conflict { constraint } => {
                let advice = match constraint {
                    Constraint::UserName | Constraint::UserNameLooksAlike => {
                        " Choose another, or change that user: cardea user set NAME"
                    }
                    Constraint::ClientId => {
                        " Choose another, or change that client: cardea client set ID"
                    }
                    _ => "",
                };
                return Self {
                    changed_meanwhile: *constraint == Constraint::ChangedMeanwhile,
                    ..Self::conflict(format!("{}{advice}", sentence(&constraint.to_string())))
                };
            }
            StoreError::Rejected { why } => return Self::internal(why),
            // Only the operator can repair it.
            StoreError::Corrupt { .. } => {
                return Self {
                    cause: Some(error.to_string()),
                    ..Self::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        sentence(&error.to_string()),
                    )
                };
            }
            StoreError::Unavailable {
                done: NotDone::Sure,
                ..
            } => "The store cannot be written now. Nothing was changed; try again.",
            StoreError::Unavailable { .. } => {
                "The store failed. Check whether the change was made before you try again."
            }
        };
        Self {
            cause: Some(error.to_string()),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }
}

impl From<Busy> for Refusal {
    fn from(_: Busy) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many passwords wait to be hashed. Nothing was changed; try again.",
        )
    }
}

impl From<HashError> for Refusal {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy(error) => error.into(),
            HashError::Password(error) => error.into(),
        }
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<RotateError> for Refusal {
    fn from(error: RotateError) -> Self {
        match error {
            RotateError::InProgress { .. } | RotateError::Race => {
                Self::conflict(sentence(&error.to_string()))
            }
            RotateError::Keys(error) => error.into(),
        }
    }
}

impl From<RemoveError> for Refusal {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Unknown(kid) => Self::not_found(format_args!("key {kid}")),
            RemoveError::Active(_) | RemoveError::Race => {
                Self::conflict(sentence(&error.to_string()))
            }
            RemoveError::Keys(error) => error.into(),
        }
    }
}

impl From<MetadataError> for Refusal {
    fn from(error: MetadataError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<IdError> for Refusal {
    fn from(error: IdError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        Self::bad_request(sentence(&error.to_string()))
    }
}

/// A message as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    let mut sentence: String = first.chain(chars).collect();
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (*self.problem).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(Logged(cause));
        }
        response
    }
}

/// Logs the cause under the id that the caller sees.
pub(super) async fn log(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    let mut response = next.run(request).await;
    if let (Some(id), Some(Logged(cause))) = (id, response.extensions_mut().remove()) {
        tracing::error!(request_id = %id, cause, "the administration failed");
    }
    response
}

/// An unknown path.
pub(super) async fn no_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "There is no such address.")
}

/// A method that the path does not have.
pub(super) async fn wrong_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "The header Allow names the methods of this address.",
    )
}
