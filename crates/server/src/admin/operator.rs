//! Who administers, and how their requests are read.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use cardea_protocol::model::{Actor, Cause};
use cardea_web::inbound::Peer;
use http::{StatusCode, header::CONTENT_TYPE, request::Parts};
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use crate::{app::Shared, caller::Caller};

/// Somebody whom the kernel vouches for: the user of a process at the other end of the socket, or of this process.
pub(super) struct Operator {
    /// What the store writes its audit rows from.
    pub(super) cause: Cause,
}

impl FromRequestParts<Shared> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        // D5: the socket is for processes of the same user; a caller from the network is nobody here.
        let Some(Peer::Unix { uid }) = parts.extensions.get::<Peer>().copied() else {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "The administration is reached by its socket alone.",
            ));
        };
        let Ok(caller) = Caller::from_request_parts(parts, app).await;
        let mut cause = caller.cause(Actor::Operator(uid.to_string()));
        // A socket has no address.
        cause.address = None;
        Ok(Self { cause })
    }
}

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
            .map_err(|_| Refusal::bad_request("There is something behind the JSON."))?;
        Ok(Self(body))
    }
}

/// serde's words with the member that is meant, and without the place in a document that the operator never saw.
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
