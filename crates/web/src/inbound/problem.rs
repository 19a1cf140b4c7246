//! Problem documents (RFC 9457).

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

use super::request_id::RequestId;

/// An error response, for everything that is not an OAuth endpoint or a page.
///
/// The middleware writes the request id into the member `correlation_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    #[serde(serialize_with = "status_number")]
    status: StatusCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(flatten)]
    #[expect(
        clippy::box_collection,
        reason = "a pointer, so that a Result with a problem in it stays small"
    )]
    members: Option<Box<BTreeMap<&'static str, String>>>,
}

impl Problem {
    /// A problem without a specific type.
    #[must_use]
    pub fn new(status: StatusCode, title: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: title.into(),
            status,
            detail: None,
            correlation_id: None,
            members: None,
        }
    }

    /// An internal error. The caller learns nothing but the request id.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
            .detail("The error was logged under the id of this request.")
    }

    /// What the caller can do about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// A URI that identifies the type of the problem.
    #[must_use]
    pub fn kind(mut self, uri: impl Into<String>) -> Self {
        self.kind = uri.into();
        self
    }

    /// RFC 9457 §3.2: a member of this type of problem.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let members = self.members.get_or_insert_default();
        members.insert(name, value.into());
        self
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The document with the request id in it.
    #[must_use]
    pub fn correlated(mut self, id: RequestId) -> Self {
        self.correlation_id = Some(id.as_str().to_owned());
        self
    }

    pub(super) fn body(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response =
            (self.status, [(CONTENT_TYPE, content_type)], self.body()).into_response();
        // The middleware finds it here, adds the request id and writes the body again.
        response.extensions_mut().insert(self);
        response
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn status_number<S: serde::Serializer>(status: &StatusCode, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u16(status.as_u16())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_the_rfc() {
        let problem = Problem::new(StatusCode::NOT_FOUND, "Not found")
            .detail("There is no such client.")
            .member("client", "web")
            .correlated(RequestId::from_bits(5));
        let json: serde_json::Value = serde_json::from_slice(&problem.body()).unwrap();
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Not found", "status": 404,
            "detail": "There is no such client.", "correlation_id": "000000000005",
            "client": "web",
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn the_response_has_status_and_media_type() {
        let response = Problem::internal().into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }
}
