//! WebSockets through the gateway.

use std::time::{Duration, Instant};

use cardea_testkit::{PATIENCE, slowly, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    behind::{echo, named, wire},
    stage::{HOST, Stage, before, config, everything_to, start},
};

const HANDSHAKE: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A WebSocket, as soon as the upstream has a free connection.
async fn shake_hands(stage: &Stage) -> TcpStream {
    let began = Instant::now();
    loop {
        let (client, head) = handshake(stage).await;
        if head.starts_with("http/1.1 101") {
            return greeted(client, &head).await;
        }
        assert!(head.starts_with("http/1.1 503"), "{head}");
        assert!(began.elapsed() < PATIENCE, "no free connection");
    }
}

async fn handshake(stage: &Stage) -> (TcpStream, String) {
    let mut client = TcpStream::connect(stage.address).await.unwrap();
    let head = format!("GET /chat HTTP/1.1\r\nHost: {HOST}\r\n{HANDSHAKE}\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    (client, head)
}

async fn greeted(mut client: TcpStream, head: &str) -> TcpStream {
    assert!(
        head.contains("upgrade: websocket") && head.contains("connection: upgrade"),
        "{head}"
    );
    assert!(head.contains("sec-websocket-accept:"), "{head}");
    let mut hello = [0; 6];
    client.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"hello ");
    client
}

async fn says(client: &mut TcpStream, text: &str) {
    client.write_all(text.as_bytes()).await.unwrap();
    let mut back = vec![0; text.len()];
    client.read_exact(&mut back).await.unwrap();
    assert_eq!(back, text.as_bytes());
}

#[tokio::test]
async fn bytes_are_copied_in_both_directions_until_the_client_disconnects() {
    let mut config = config(&everything_to(&echo().await, ""));
    config.upstreams[0].max_connections = 1;
    let stage = start(config).await;
    for _ in 0..3 {
        let mut client = shake_hands(&stage).await;
        for round in 0..50 {
            says(&mut client, &format!("frame {round}")).await;
        }
        // The next one gets its connection.
        drop(client);
    }
}

#[tokio::test]
async fn a_silent_websocket_is_closed_and_an_active_one_is_not() {
    let stage = start(config(&everything_to(
        &echo().await,
        "idle_timeout = \"2s\"",
    )))
    .await;
    let mut client = shake_hands(&stage).await;
    for _ in 0..6 {
        // A quarter of the idle timeout.
        slowly(Duration::from_millis(500)).await;
        says(&mut client, "still here").await;
    }
    let end = tokio::time::timeout(PATIENCE, client.read_u8()).await;
    assert!(end.expect("it was never closed").is_err());
}

#[tokio::test]
async fn a_refused_websocket_gets_the_response_of_the_upstream() {
    let stage = before(&named("no websocket here").await).await;
    let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{HANDSHAKE}\r\n");
    let answer = stage.raw(&request).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("no websocket here"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_switch_to_another_protocol_is_refused() {
    let (url, _) =
        wire("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
            .await;
    let stage = before(&url).await;
    let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{HANDSHAKE}\r\n");
    let answer = stage.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
}

#[tokio::test]
async fn what_only_looks_like_a_websocket_is_an_ordinary_request() {
    let (url, upstream) = wire("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let stage = before(&url).await;
    for head in [
        "POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n",
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\n",
        "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
    ] {
        let answer = stage.raw(&format!("{head}Host: {HOST}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert!(
        !upstream.text().to_lowercase().contains("upgrade"),
        "{}",
        upstream.text()
    );
}

#[tokio::test]
async fn websockets_do_not_delay_a_shutdown() {
    let stage = before(&echo().await).await;
    let mut client = shake_hands(&stage).await;
    stage.stop.cancel();
    says(&mut client, "last words").await;
    drop(client);
    until("the end", || stage.served.is_finished()).await;
}

#[tokio::test]
async fn idle_connections_are_closed_for_a_websocket() {
    let mut config = config(&everything_to(&echo().await, ""));
    config.upstreams[0].max_connections = 1;
    let stage = start(config).await;
    assert_eq!(
        stage.get("/page").await.text().await.unwrap(),
        "no websocket"
    );
    let mut client = shake_hands(&stage).await;
    says(&mut client, "hi").await;
}
