//! How requests are read.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
};
use http::{StatusCode, header::CONTENT_TYPE, request::Parts};
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use crate::app::Shared;

/// The one variable of a path.
pub(super) struct Name(pub(super) String);

impl FromRequestParts<Shared> for Name {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        path.map(|Path(name)| Self(name))
            .map_err(|e| Refusal::bad_request(e.body_text()))
    }
}

/// The two variables of a path.
pub(super) struct TwoNames(pub(super) String, pub(super) String);

impl FromRequestParts<Shared> for TwoNames {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        path.map(|Path((first, second))| Self(first, second))
            .map_err(|e| Refusal::bad_request(e.body_text()))
    }
}

/// The query.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let query = Query::from_request_parts(parts, app).await;
        query
            .map(|Query(asked)| Self(asked))
            .map_err(|e| Refusal::bad_request(e.body_text()))
    }
}

/// A JSON body of at most 64 KiB.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Refusal> {
        let media_type = request.headers().get(CONTENT_TYPE);
        let media_type = media_type.and_then(|v| v.to_str().ok()).unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        // RFC 8259 §11
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|e| Refusal::new(e.status(), e.body_text()))?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let body = serde_path_to_error::deserialize(&mut json).map_err(|e| unreadable(&e))?;
        json.end()
            .map_err(|_| Refusal::bad_request("Something follows the JSON document."))?;
        Ok(Self(body))
    }
}

/// serde's message with the member that is meant, and without the place in a document that the operator never saw.
pub(super) fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let said = error.inner().to_string();
    let what = match said.rsplit_once(" at line ") {
        Some((what, _)) => what,
        None => &said,
    };
    let path = error.path().to_string();
    // serde names an unknown member itself.
    match path == "." || what.contains(&format!("`{path}`")) {
        true => Refusal::bad_request(what),
        false => Refusal::bad_request(format!("{path}: {what}")),
    }
}
