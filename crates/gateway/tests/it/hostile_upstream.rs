//! Upstreams with unrequested or ambiguous responses.

use std::sync::{Arc, Mutex};

use cardea_testkit::listen;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    behind::wire,
    stage::{HOST, Stage, before, config, everything_to, start},
};

const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

async fn answering(answer: &'static str) -> Stage {
    before(&wire(answer).await.0).await
}

async fn asked(stage: &Stage, lines: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n");
    stage.raw(&request).await
}

#[tokio::test]
async fn an_unrequested_101_is_a_502() {
    for answer in [
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw bytes",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nraw bytes",
        "HTTP/1.1 101 Switching Protocols\r\n\r\nraw bytes",
    ] {
        let stage = answering(answer).await;
        for lines in ["", "Connection: Upgrade\r\nUpgrade: h2c\r\n"] {
            let got = asked(&stage, lines).await;
            assert!(got.starts_with("HTTP/1.1 502"), "{got}");
            assert!(!got.contains("raw bytes"), "{got}");
        }
    }
}

#[tokio::test]
async fn in_a_response_transfer_encoding_overrides_content_length() {
    let stage = answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n",
    )
    .await;
    let answer = stage.get("/").await;
    assert!(!answer.headers().contains_key("content-length"));
    assert_eq!(answer.text().await.unwrap(), "abcdef");
}

#[tokio::test]
async fn a_response_with_ambiguous_framing_is_a_502() {
    for lines in [
        "Content-Length: 3\r\nContent-Length: 6",
        "Content-Length: 3, 6",
        "Content-Length: +3",
        "Content-Length: 3 4",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: a\rb",
        "X: a\u{0}b",
        "X\u{0}: a",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        let stage = answering(answer.leak()).await;
        let got = asked(&stage, "").await;
        assert!(got.starts_with("HTTP/1.1 502"), "{lines:?}: {got}");
    }
}

#[tokio::test]
async fn a_websocket_response_cannot_set_private_cookies() {
    let stage = answering(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X-Inner\r\nUpgrade: websocket\r\n\
         X-Inner: 1\r\nServer: secret\r\nSet-Cookie: __Host-cardea_session=evil; Path=/\r\nSet-Cookie: a=1\r\n\r\n",
    )
    .await;
    let got = asked(&stage, HANDSHAKE).await.to_lowercase();
    assert!(got.starts_with("http/1.1 101"), "{got}");
    assert!(
        got.contains("upgrade: websocket") && got.contains("set-cookie: a=1"),
        "{got}"
    );
    for gone in ["evil", "secret", "x-inner"] {
        assert!(!got.contains(gone), "{got}");
    }
}

#[tokio::test]
async fn an_upgrade_request_with_a_body_is_no_websocket() {
    let (url, upstream) = wire("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let stage = before(&url).await;
    let lines = format!("{HANDSHAKE}Content-Length: 5\r\n\r\nhello");
    let got = asked(&stage, &lines).await;
    assert!(got.starts_with("HTTP/1.1 200"), "{got}");
    let text = upstream.text();
    assert!(!text.to_lowercase().contains("upgrade"), "{text}");
    assert!(text.contains("\r\n\r\nhello"), "{text}");
}

#[tokio::test]
async fn a_refused_websocket_counts_until_its_response_ends() {
    // 3 of 9 bytes, and no more.
    let (url, upstream) = wire("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").await;
    let mut config = config(&everything_to(&url, ""));
    config.upstreams[0].max_connections = 1;
    let stage = start(config).await;
    let held = tokio::spawn({
        let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{HANDSHAKE}\r\n");
        let address = stage.address;
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        }
    });
    upstream.until(|text| text.ends_with("\r\n\r\n")).await;
    let second = asked(&stage, HANDSHAKE).await;
    assert!(second.starts_with("HTTP/1.1 503"), "{second}");
    held.abort();
}

/// A server that answers as soon as something comes, and keeps what comes by connection.
async fn hasty() -> (String, Arc<Mutex<Vec<String>>>) {
    let (listener, url) = listen().await;
    let connections = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            let number = kept.lock().unwrap().len();
            kept.lock().unwrap().push(String::new());
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    let begins = text.contains("HTTP/1.1\r\n");
                    kept.lock().unwrap()[number].push_str(&text);
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                    if begins && stream.write_all(answer).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (url, connections)
}

#[tokio::test]
async fn a_connection_with_half_a_request_is_not_reused() {
    for frame in ["Content-Length: 100000", "Transfer-Encoding: chunked"] {
        let (url, connections) = hasty().await;
        let stage = before(&url).await;
        let mut client = TcpStream::connect(stage.address).await.unwrap();
        let head = format!("POST /half HTTP/1.1\r\nHost: {HOST}\r\n{frame}\r\n\r\n11170\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let half = "x".repeat(70_000) + "\r\n";
        client.write_all(half.as_bytes()).await.unwrap();
        let mut buffer = [0; 1024];
        let read = client.read(&mut buffer).await.unwrap();
        assert!(buffer[..read].starts_with(b"HTTP/1.1 200"));
        for _ in 0..3 {
            assert_eq!(stage.get("/whole").await.text().await.unwrap(), "ok");
        }
        let connections = connections.lock().unwrap();
        let half = connections.iter().find(|text| text.contains("/half"));
        assert!(!half.unwrap().contains("/whole"), "{connections:?}");
    }
}
