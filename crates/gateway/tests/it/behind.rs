//! Servers behind the gateway.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::Request,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use cardea_testkit::{listen, slowly, until};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};

/// Serves until the test ends; the URL.
pub(crate) async fn serve(router: Router) -> String {
    let (listener, url) = listen().await;
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Answers everything with what it received.
pub(crate) async fn mirror() -> String {
    serve(Router::new().fallback(any(seen))).await
}

pub(crate) async fn seen(request: Request) -> Json<Value> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.to_string()).or_default().push(value);
    }
    let target = request.uri().to_string();
    let method = request.method().to_string();
    let body = axum::body::to_bytes(request.into_body(), 64 * 1024 * 1024).await;
    let size = body.map_or(-1, |body| i64::try_from(body.len()).unwrap());
    Json(json!({ "method": method, "target": target, "headers": headers, "body": size }))
}

/// Answers everything with this name.
pub(crate) async fn named(name: &'static str) -> String {
    serve(Router::new().fallback(any(move || async move { name }))).await
}

/// Pages with headers of their own.
pub(crate) async fn pages() -> String {
    let strict = [
        ("content-security-policy", "default-src 'none'"),
        ("x-frame-options", "DENY"),
        ("strict-transport-security", "max-age=1; includeSubDomains"),
        ("server", "secret-server/1.2.3"),
        ("x-powered-by", "old-framework"),
        ("connection", "x-inner"),
        ("x-inner", "only for the gateway"),
        ("x-request-id", "theirs"),
    ];
    let pieces = || async {
        let pieces = futures_util::stream::unfold(0, |count| async move {
            if count > 0 {
                // As an event stream does.
                slowly(Duration::from_millis(300)).await;
            }
            (count < 4).then(|| {
                (
                    Ok::<_, std::io::Error>(format!("piece {count}\n")),
                    count + 1,
                )
            })
        });
        Body::from_stream(pieces)
    };
    let stops = || async {
        let pieces = futures_util::stream::unfold(0, |count| async move {
            if count > 0 {
                std::future::pending::<()>().await;
            }
            Some((Ok::<_, std::io::Error>("the beginning"), count + 1))
        });
        Body::from_stream(pieces)
    };
    let endless = || async {
        let pieces =
            futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(64 * 1024)));
        Body::from_stream(pieces)
    };
    let router = Router::new()
        .route("/strict", get(move || async move { (strict, "strict") }))
        .route("/plain", get(|| async { "plain" }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
        .route("/pieces", get(pieces))
        .route("/stops", get(stops))
        .route("/endless", get(endless))
        .route("/silent", any(std::future::pending::<()>))
        .route(
            "/large",
            get(|| async { Bytes::from(vec![b'x'; 3_000_000]) }),
        );
    serve(router).await
}

/// A page at `/plain`, and `/silent`, which never answers; how many requests it has got.
pub(crate) async fn silent() -> (String, Arc<AtomicUsize>) {
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    let silent = async move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<()>().await;
    };
    let router = Router::new()
        .route("/plain", get(async || "plain"))
        .route("/silent", any(silent));
    (serve(router).await, asked)
}

/// A body whose pieces a test sends; it ends when the sender is dropped.
pub(crate) async fn stepped() -> (String, mpsc::Sender<&'static str>) {
    let (pieces, body) = mpsc::channel::<&str>(1);
    let body = Arc::new(tokio::sync::Mutex::new(body));
    let answer = async move || {
        let body = Arc::clone(&body).lock_owned().await;
        let pieces = futures_util::stream::unfold(body, |mut body| async move {
            let piece = body.recv().await?;
            Some((Ok::<_, std::io::Error>(piece), body))
        });
        Body::from_stream(pieces)
    };
    (serve(Router::new().route("/", get(answer))).await, pieces)
}

/// What arrived on a raw socket, byte by byte.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<String>>);

impl Wire {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    /// Waits until what arrived is as expected.
    pub(crate) async fn until(&self, expected: impl Fn(&str) -> bool) {
        until("bytes at the upstream", || expected(&self.text())).await;
    }
}

/// A server that records what it reads, and answers each read with this.
pub(crate) async fn wire(answer: &'static str) -> (String, Wire) {
    let (listener, url) = listen().await;
    let wire = Wire::default();
    let kept = wire.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    kept.0.lock().unwrap().push_str(&text);
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (url, wire)
}

/// Accepts every WebSocket, sends a greeting, and echoes.
pub(crate) async fn echo() -> String {
    serve(Router::new().fallback(any(upgrade))).await
}

pub(crate) async fn upgrade(mut request: Request) -> Response {
    if !request.headers().contains_key("upgrade") {
        return "no websocket".into_response();
    }
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut io = hyper_util::rt::TokioIo::new(upgraded.await.unwrap());
        io.write_all(b"hello ").await.unwrap();
        let mut buffer = [0; 1024];
        while let Ok(read @ 1..) = io.read(&mut buffer).await {
            io.write_all(&buffer[..read]).await.unwrap();
        }
    });
    let headers = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}
