//! Bodies are streamed within their limits.

use cardea_testkit::PATIENCE;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    behind::{mirror, pages, stepped, wire},
    stage::{HOST, before, config, everything_to, start},
};

#[tokio::test]
async fn a_response_is_streamed() {
    let (url, pieces) = stepped().await;
    let stage = before(&url).await;
    let mut answer = stage.get("/").await;
    for piece in ["one", "two", "three"] {
        // The next one is sent when this one has arrived.
        pieces.send(piece).await.unwrap();
        let arrived = timeout(PATIENCE, answer.chunk()).await;
        assert_eq!(arrived.unwrap().unwrap().unwrap(), piece);
    }
    drop(pieces);
    assert_eq!(answer.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_request_beyond_64_kib_is_streamed() {
    let (url, upstream) = wire("").await;
    let stage = before(&url).await;
    let mut client = TcpStream::connect(stage.address).await.unwrap();
    let head = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 70012\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    let first = "x".repeat(70_000) + "first ";
    client.write_all(first.as_bytes()).await.unwrap();
    upstream.until(|text| text.ends_with("xxfirst ")).await;
    client.write_all(b"second").await.unwrap();
    upstream.until(|text| text.ends_with("first second")).await;
}

#[tokio::test]
async fn a_large_response_is_complete() {
    let stage = before(&pages().await).await;
    for _ in 0..3 {
        let body = stage.get("/large").await.bytes().await.unwrap();
        assert_eq!(body.len(), 3_000_000);
    }
    assert_eq!(stage.get("/empty").await.status(), 204);
}

#[tokio::test]
async fn connections_to_the_upstream_are_reused() {
    let (url, upstream) = wire("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let mut config = config(&everything_to(&url, ""));
    config.upstreams[0].max_connections = 1;
    let stage = start(config).await;
    let client = stage.client();
    for _ in 0..20 {
        let answer = client.get(stage.url("/")).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "ok");
        // A second connection would exceed the limit and be a 503.
    }
    assert_eq!(upstream.text().matches("GET / ").count(), 20);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let stage = start(config(&everything_to(
        &mirror().await,
        "max_body_bytes = 1000",
    )))
    .await;
    for (size, expected) in [(1000, 200), (1001, 413), (200_000, 413)] {
        let request = stage.client().post(stage.url("/")).body(vec![b'x'; size]);
        assert_eq!(request.send().await.unwrap().status(), expected, "{size}");
    }
    for (chunks, expected) in [(2, 200), (3, 413)] {
        let chunk = format!("1f4\r\n{}\r\n", "x".repeat(500)).repeat(chunks);
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunk}0\r\n\r\n"
        );
        let answer = stage.raw(&request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}")),
            "{chunks}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_large_request_is_complete_and_keeps_its_length() {
    let stage = before(&mirror().await).await;
    let request = stage
        .client()
        .post(stage.url("/"))
        .body(vec![b'x'; 3_000_000]);
    let seen: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["body"], 3_000_000);
    assert_eq!(
        seen["headers"]["content-length"],
        serde_json::json!(["3000000"])
    );
    assert_eq!(seen["headers"]["transfer-encoding"], Value::Null);
}

#[tokio::test]
async fn the_gateway_answers_expect_100_continue() {
    let (url, upstream) = wire("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let stage = before(&url).await;
    let mut client = TcpStream::connect(stage.address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = [0; 25];
    client.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"body").await.unwrap();
    assert!(
        crate::stage::read_all(&mut client)
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(!upstream.text().to_lowercase().contains("expect"));
}

#[tokio::test]
async fn a_response_to_head_has_the_length_and_no_body() {
    let stage = before(&pages().await).await;
    let request = format!("HEAD /large HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let answer = stage.raw(&request).await;
    assert!(answer.contains("content-length: 3000000"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}
