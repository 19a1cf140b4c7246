//! Many request bodies at one time.

use std::{convert::Infallible, net::SocketAddr};

use axum::{Router, body::Bytes, routing::post};
use cardea_testkit::{PATIENCE, eventually};
use cardea_web::inbound::{Inbound, listener::ListenerConfig};
use futures_util::StreamExt;
use http::{Request, StatusCode};
use http_body_util::StreamBody;
use hyper::{body::Frame, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, runtime::Runtime, sync::mpsc};

use crate::serving::{Running, exchange, start_with};

const PIECE: usize = 30_000;

type Unfinished =
    StreamBody<futures_util::stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

/// A body that begins and never ends.
fn unfinished() -> Unfinished {
    let piece = Ok(Frame::data(Bytes::from(vec![b'x'; PIECE])));
    let pieces = futures_util::stream::iter([piece]);
    StreamBody::new(pieces.chain(futures_util::stream::pending()).boxed())
}

async fn server() -> Running {
    let collect = |body: Bytes| async move { body.len().to_string() };
    let mut inbound = Inbound::new(false, 1);
    inbound.request_timeout = PATIENCE;
    let router = inbound.wrap(Router::new().route("/", post(collect)));
    start_with(router, ListenerConfig::default()).await
}

/// Opens so many requests on one connection. Their statuses are sent to `answers`.
async fn open(address: SocketAddr, requests: usize, answers: mpsc::UnboundedSender<StatusCode>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        http2::handshake::<_, _, Unfinished>(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    for _ in 0..requests {
        let request = Request::post("http://localhost/")
            .body(unfinished())
            .unwrap();
        sender.ready().await.unwrap();
        let answer = sender.send_request(request);
        let answers = answers.clone();
        tokio::spawn(async move {
            if let Ok(answer) = answer.await {
                let _ = answers.send(answer.status());
            }
        });
    }
}

async fn post_of(address: SocketAddr, size: usize) -> String {
    let head = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
    let body = "x".repeat(size);
    let request = format!("{head}content-length: {size}\r\n\r\n{body}");
    exchange(address, request.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_unfinished_bodies_are_bounded_and_their_memory_is_free_afterwards() {
    let server = server().await;
    let address = server.address;
    let (answers, mut seen) = mpsc::unbounded_channel();
    // A runtime of their own, which ends with their connections.
    let clients = Runtime::new().unwrap();
    // 36 MB in all.
    for _ in 0..60 {
        clients.spawn(open(address, 20, answers.clone()));
    }
    let first = tokio::time::timeout(PATIENCE, seen.recv()).await.unwrap();
    assert_eq!(first, Some(StatusCode::SERVICE_UNAVAILABLE));
    // What is left of the budget is enough for small bodies, but not for this one.
    let refused = async {
        loop {
            let answer = post_of(address, 60_000).await;
            if !answer.starts_with("HTTP/1.1 200") {
                break answer;
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after: 1"));
    clients.shutdown_background();
    eventually("free memory", async || {
        let answer = post_of(address, 60_000).await;
        answer.starts_with("HTTP/1.1 200")
    })
    .await;
}
