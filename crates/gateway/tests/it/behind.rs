//! Servers behind the gateway.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::Request,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Serves until the test ends; the URL.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
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
                tokio::time::sleep(Duration::from_millis(300)).await;
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
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        "late"
    };
    let router = Router::new()
        .route("/strict", get(move || async move { (strict, "strict") }))
        .route("/plain", get(|| async { "plain" }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
        .route("/pieces", get(pieces))
        .route("/stops", get(stops))
        .route("/endless", get(endless))
        .route("/slow", any(slow))
        .route(
            "/large",
            get(|| async { Bytes::from(vec![b'x'; 3_000_000]) }),
        );
    serve(router).await
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
        for _ in 0..1000 {
            if expected(&self.text()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let text = self.text();
        panic!("{:?}", &text[text.len().saturating_sub(200)..]);
    }
}

/// A server that records what it reads, and answers each read with this.
pub(crate) async fn wire(answer: &'static str) -> (String, Wire) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
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
