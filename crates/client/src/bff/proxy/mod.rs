//! `/api/*`: calls of the page, handed on to the API with the access token put in.

mod headers;
mod path;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use cardea_web::{
    inbound::{Problem, csrf::is_safe},
    outbound::UpstreamError,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, request};

use self::{
    headers::{clean, prepare},
    path::checked_path,
};
use super::{
    Bff,
    answers::{forged, login_required, refused, step_up_required, unavailable},
};
use crate::{
    rp::StepUp,
    session::{NotFresh, Session},
};

pub(super) async fn proxy(State(bff): State<Bff>, request: Request) -> Response {
    let (Some(api), Some(client)) = (&bff.0.config.api, &bff.0.api) else {
        return Problem::internal().into_response();
    };
    let (mut head, body) = request.into_parts();
    // It would answer with the request's headers, the token among them.
    if matches!(head.method, Method::TRACE | Method::CONNECT) {
        let detail = "This method is not handed on.";
        return refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", detail);
    }
    let Some(path) = checked_path(head.uri.path(), &api.prefix) else {
        let detail = "The path has parts that servers read in different ways.";
        return refused(StatusCode::BAD_REQUEST, "Not a path of the API", detail);
    };
    let target = match head.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let session = match bff.session_for(&head).await {
        Ok(session) => session,
        Err(response) => return *response,
    };
    let token = session.tokens().access_token.expose();
    let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {token}")) else {
        return Problem::internal().into_response();
    };
    bearer.set_sensitive(true);
    prepare(&mut head, bearer);
    match client.send(&target, Request::from_parts(head, body)).await {
        Ok(answer) => bff.handed_back(answer),
        Err(error) => failed(&error),
    }
}

impl Bff {
    /// The API's answer. A challenge that the user can meet (RFC 9470) says where.
    fn handed_back(&self, answer: Response) -> Response {
        let headers = answer.headers();
        if answer.status() == StatusCode::UNAUTHORIZED
            && let Some(asked) = StepUp::of_challenge(headers)
        {
            return step_up_required(&self.step_up_login(&asked), headers);
        }
        clean(answer)
    }

    /// The session of a call, with a token that can be used.
    async fn session_for(&self, head: &request::Parts) -> Result<Session, Box<Response>> {
        if is_embedded_elsewhere(&head.headers) {
            return Err(Box::new(forged("Another site's page made this call.")));
        }
        let session = match self.0.sessions.load(&head.headers).await {
            Ok(Some(session)) => session,
            Ok(None) => return Err(Box::new(login_required())),
            Err(error) => {
                tracing::warn!(%error, "a call can't be handed on");
                return Err(Box::new(unavailable()));
            }
        };
        // The handshake of a WebSocket is not forwarded as one, and no script can set the proof on it.
        if !is_safe(&head.method, &head.headers)
            && let Err(detail) = self.judge_origin(&head.headers, &session, None)
        {
            return Err(Box::new(forged(detail)));
        }
        self.0.fresh.fresh(session).await.map_err(|error| {
            Box::new(match error {
                NotFresh::Ended => login_required(),
                NotFresh::Unavailable => unavailable(),
            })
        })
    }
}

fn failed(error: &UpstreamError) -> Response {
    let (status, title) = match error {
        UpstreamError::Path => (StatusCode::BAD_REQUEST, "Not a path of the API"),
        UpstreamError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The request is too large"),
        UpstreamError::TooSlow => (StatusCode::GATEWAY_TIMEOUT, "The API took too long"),
        UpstreamError::Unreachable(_) => (StatusCode::BAD_GATEWAY, "The API can't be reached"),
    };
    if status.is_server_error() {
        tracing::warn!(%error, "a call of the API failed");
    }
    refused(status, title, "The call was not answered by the API.")
}

/// Whether another site's page makes the call without the user's intent, by what the browser says: a picture, a script, a
/// `fetch`. A neighbour below the same domain would bring the cookie along. To follow a link is not that.
fn is_embedded_elsewhere(headers: &HeaderMap) -> bool {
    let said = |name| headers.get(name).map(HeaderValue::as_bytes);
    matches!(said("sec-fetch-site"), Some(b"cross-site" | b"same-site"))
        && said("sec-fetch-mode") != Some(b"navigate")
}
