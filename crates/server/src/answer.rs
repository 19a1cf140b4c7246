//! What an OAuth endpoint answers when all is well: JSON that nobody keeps.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header::CONTENT_TYPE};
use serde::Serialize;

use crate::error::{self, Failure};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// More than most answers have.
const USUAL_BYTES: usize = 1000;
/// As many as an answer has.
const HEADERS: usize = 12;

/// A JSON document, written once into a buffer of the right size.
pub(crate) struct Answer(Vec<u8>);

impl Answer {
    /// Writes a value down.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, Failure> {
        json(value).map(Self)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.0.into());
        let headers = response.headers_mut();
        // Room for all that is added on the way out: a map that grows is moved and hashed anew.
        headers.reserve(HEADERS);
        headers.insert(CONTENT_TYPE, JSON);
        error::no_store(headers);
        response
    }
}

/// The JSON of a value.
pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut json = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut json, value).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(json)
}
