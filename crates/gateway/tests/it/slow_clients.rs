//! Clients that send or read slowly, to hold the connections of an upstream.

use std::time::Duration;

use cardea_testkit::{eventually, slowly};
use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    behind::{echo, pages, wire},
    frames::{DATA, END_STREAM, Http2},
    stage::{HOST, Stage, config, everything_to, start, status},
};

/// A gateway behind a trusted proxy, so that clients can come from any network.
async fn before(upstream: &str, max_connections: usize) -> Stage {
    let text = format!(
        "[proxy]\ntrusted = [\"127.0.0.1\"]\n{}",
        everything_to(upstream, "")
    );
    let mut config = config(&text);
    config.upstreams[0].max_connections = max_connections;
    start(config).await
}

/// A connection that has sent this head, from this address.
async fn sent(stage: &Stage, from: &str, method: &str, more: &str) -> TcpStream {
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    let head =
        format!("{method} HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-For: {from}\r\n{more}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn is_served(stage: &Stage, from: &str) -> u16 {
    let mut stream = sent(stage, from, "GET /plain", "Connection: close").await;
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .unwrap()
        .unwrap();
    status(&answer)
}

/// Waits until the gateway refuses this network: its clients hold what they can.
async fn until_refused(stage: &Stage, from: &str) {
    let refused = async || is_served(stage, from).await == 429;
    eventually("a refusal", refused).await;
}

#[tokio::test]
async fn s3_slow_small_bodies_hold_no_connection_of_the_upstream() {
    let stage = before(&pages().await, 8).await;
    let slow = (0..64).map(|n| {
        let from = format!("203.0.{}.{n}", 113 + n % 2);
        let more = match n % 3 {
            0 => "Content-Length: 1000\r\n\r\nx",
            1 => "Content-Length: 65536\r\n\r\nx",
            _ => "Transfer-Encoding: chunked\r\n\r\n1\r\nx",
        };
        let stage = &stage;
        async move { sent(stage, &from, "POST /plain", more).await }
    });
    let _held = join_all(slow).await;
    for from in ["198.51.100.1", "203.0.113.77", "203.0.114.77"] {
        assert_eq!(is_served(&stage, from).await, 200, "{from}");
    }
}

#[tokio::test]
async fn s3_slow_uploads_of_some_networks_leave_others_served() {
    let stage = before(&pages().await, 16).await;
    let body = "x".repeat(70_000);
    let mut held = Vec::new();
    for network in ["203.0.113", "198.51.100", "192.0.2"] {
        for n in 0..32 {
            let more = format!("Content-Length: 1000000\r\n\r\n{body}");
            let from = format!("{network}.{n}");
            held.push(sent(&stage, &from, "POST /silent", &more).await);
        }
        until_refused(&stage, &format!("{network}.200")).await;
    }
    assert_eq!(is_served(&stage, "100.64.0.1").await, 200);
    assert_eq!(is_served(&stage, "2001:db8::1").await, 200);
}

#[tokio::test]
async fn s3_slow_readers_of_some_networks_leave_others_served() {
    let stage = before(&pages().await, 16).await;
    let mut held = Vec::new();
    for network in ["203.0.113", "198.51.100", "192.0.2"] {
        for n in 0..32 {
            let from = format!("{network}.{n}");
            held.push(sent(&stage, &from, "GET /endless", "Accept: */*").await);
        }
        until_refused(&stage, &format!("{network}.200")).await;
    }
    assert_eq!(is_served(&stage, "100.64.0.1").await, 200);
    assert_eq!(is_served(&stage, "2001:db8::1").await, 200);
}

#[tokio::test]
async fn s3_memory_for_bodies_is_shared_by_networks() {
    let stage = before(&pages().await, 512).await;
    let one = || {
        sent(
            &stage,
            "203.0.113.1",
            "POST /plain",
            "Content-Length: 65536\r\n\r\nx",
        )
    };
    let mut held = join_all((0..260).map(|_| one())).await;
    // The ones beyond the share are answered.
    let refused = join_all(held.iter_mut().map(|stream| async move {
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer);
        match tokio::time::timeout(Duration::from_secs(5), read).await {
            Ok(Ok(read)) => String::from_utf8_lossy(&buffer[..read]).contains(" 503 "),
            _ => false,
        }
    }))
    .await;
    let refused = refused.into_iter().filter(|refused| *refused).count();
    assert!((1..60).contains(&refused), "{refused}");
    let mut other = sent(
        &stage,
        "198.51.100.1",
        "POST /plain",
        "Content-Length: 5\r\n\r\nhello",
    )
    .await;
    let mut buffer = [0; 1024];
    let read = other.read(&mut buffer).await.unwrap();
    // The page takes no POST, and says so.
    assert_eq!(status(&String::from_utf8_lossy(&buffer[..read])), 405);
}

#[tokio::test]
async fn s3_a_body_in_tiny_chunks_arrives_whole() {
    let (url, upstream) = wire("").await;
    let stage = before(&url, 8).await;
    let chunk = "1\r\ny\r\n".repeat(5000);
    let more = format!("Transfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n");
    let _client = sent(&stage, "203.0.113.1", "POST /plain", more.trim_end()).await;
    let mut client = _client;
    client.write_all(b"").await.unwrap();
    upstream
        .until(|text| text.matches('y').count() >= 5000 && text.ends_with("0\r\n\r\n"))
        .await;
}

#[tokio::test]
async fn s3_events_with_pauses_and_silent_tunnels_are_no_slow_readers() {
    let stage = before(&pages().await, 8).await;
    let answer = stage.get("/pieces").await;
    assert_eq!(answer.text().await.unwrap().lines().count(), 4);
    let stage = before(&echo().await, 8).await;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let mut tunnel = sent(&stage, "203.0.113.1", "GET /", upgrade).await;
    let mut seen = String::new();
    let mut buffer = [0; 1024];
    while !seen.ends_with("hello ") {
        let read = tunnel.read(&mut buffer).await.unwrap();
        assert!(read > 0, "{seen}");
        seen += &String::from_utf8_lossy(&buffer[..read]);
    }
    // Longer than the second in which the rate of a reader is measured.
    slowly(Duration::from_millis(1500)).await;
    tunnel.write_all(b"still here").await.unwrap();
    let read = tunnel.read(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..read], b"still here");
}

/// A request over HTTP/2 from this address.
fn fields<'a>(method: &'a str, path: &'a str, from: &'a str) -> [(&'a str, &'a str); 5] {
    [
        (":method", method),
        (":scheme", "http"),
        (":authority", HOST),
        (":path", path),
        ("x-forwarded-for", from),
    ]
}

#[tokio::test]
async fn s3_streams_whose_client_opens_no_window_leave_others_served() {
    for window in [0, 10] {
        let stage = before(&pages().await, 16).await;
        let mut held = Vec::new();
        for from in ["203.0.113.1", "198.51.100.1"] {
            let mut client = Http2::connect(stage.address, window).await;
            for stream in 0..60 {
                let get = fields("GET", "/endless", from);
                client.ask(2 * stream + 1, END_STREAM, &get).await;
            }
            held.push(client);
            until_refused(&stage, from).await;
        }
        assert_eq!(is_served(&stage, "192.0.2.1").await, 200, "{window}");
    }
}

#[tokio::test]
async fn s3_streams_with_slow_bodies_hold_no_connection_of_the_upstream() {
    let stage = before(&pages().await, 4).await;
    let mut held = Vec::new();
    for from in ["203.0.113.1", "198.51.100.1"] {
        let mut client = Http2::connect(stage.address, 65_535).await;
        for stream in 0..60 {
            client
                .ask(2 * stream + 1, 0, &fields("POST", "/silent", from))
                .await;
            client.send(DATA, 0, 2 * stream + 1, b"x").await;
        }
        held.push(client);
    }
    for from in ["203.0.113.1", "198.51.100.1", "192.0.2.1"] {
        assert_eq!(is_served(&stage, from).await, 200, "{from}");
    }
}
