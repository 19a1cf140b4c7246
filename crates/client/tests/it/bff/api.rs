//! An API that notes what it is asked.

#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}
impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
type Calls = Arc<Mutex<Vec<Call>>>;
/// The API. Its socket closes with it.
pub(crate) struct Api {
    pub(crate) url: String,
    calls: Calls,
    server: JoinHandle<()>,
}
impl Drop for Api {
    fn drop(&mut self) {
        self.server.abort();
    }
}
impl Api {
    pub(crate) async fn start() -> Self {
        let (listener, origin) = listen().await;
        let url = format!("{origin}/v1");
        let calls = Calls::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&calls));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, calls, server }
    }
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}
async fn answer(State(calls): State<Calls>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let target = head.uri.to_string();
    if target == "/v1/late" {
        std::future::pending::<()>().await;
    }
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return ().into_response();
    };
    calls.lock().unwrap().push(Call {
        method: head.method.to_string(),
        target: target.clone(),
        headers: head.headers,
        body: body.to_vec(),
    });
    match target.as_str() {
        "/v1/bold" => {
            let headers = [
                ("set-cookie", "__Host-cardea_app=evil; Path=/; Secure"),
                ("access-control-allow-origin", "*"),
                ("clear-site-data", "\"*\""),
                ("cache-control", "public, max-age=600"),
                ("keep-alive", "timeout=5"),
                ("nel", "{\"report_to\":\"evil\"}"),
                ("report-to", "{\"group\":\"evil\"}"),
                ("refresh", "0;url=https://evil.test"),
                ("cdn-cache-control", "max-age=600"),
                ("surrogate-control", "max-age=600"),
                ("x-accel-redirect", "/internal/secrets"),
                ("content-type", "text/html"),
            ];
            (headers, "<script>alert(1)</script>").into_response()
        }
        "/v1/sensitive" => {
            let challenge = "Bearer realm=\"api\", error=\"insufficient_user_authentication\", \
                             acr_values=\"urn:a&b urn:c\", max_age=\"60\"";
            let headers = [
                ("www-authenticate", challenge),
                ("set-cookie", "__Host-cardea_app=evil; Path=/; Secure"),
            ];
            (http::StatusCode::UNAUTHORIZED, headers, "another").into_response()
        }
        "/v1/unread" => {
            let headers = [("www-authenticate", "Bearer error=\"invalid_token\"")];
            (http::StatusCode::UNAUTHORIZED, headers, "no token").into_response()
        }
        "/v1/missing" => (http::StatusCode::NOT_FOUND, "no such order").into_response(),
        "/v1/stream" => {
            let chunks = futures_util::stream::iter(["one ", "two ", "three"])
                .map(Ok::<_, std::convert::Infallible>);
            Body::from_stream(chunks).into_response()
        }
        "/v1/endless" => {
            let chunk = vec![b'x'; 64 * 1024];
            let chunks = futures_util::stream::repeat(chunk).map(Ok::<_, std::convert::Infallible>);
            Body::from_stream(chunks).into_response()
        }
        _ => ([("etag", "\"7\"")], format!("{} bytes", body.len())).into_response(),
    }
}

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use cardea_testkit::listen;
use futures_util::StreamExt as _;
use http::HeaderMap;
use tokio::task::JoinHandle;
