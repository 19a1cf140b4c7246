//! Clients that are slow, large or many.

use std::time::Duration;

use cardea_testkit::{eventually, slowly};
use cardea_web::inbound::listener::ListenerConfig;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::serving::{GET, Held, exchange, impatient, read_all, start, start_with};

#[tokio::test]
async fn a_client_with_slow_headers_is_dropped() {
    let server = start(impatient()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut lines = 0;
    while stream.write_all(b"x: y\r\n").await.is_ok() {
        lines += 1;
        assert!(lines < 80, "the header timeout does not end it");
        // A quarter of the header timeout.
        slowly(Duration::from_millis(50)).await;
    }
    assert_eq!(read_all(&mut stream).await, "");
}

#[tokio::test]
async fn a_silent_client_is_dropped() {
    let server = start(impatient()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(read_all(&mut stream).await, "");
}

#[tokio::test]
async fn an_unused_connection_is_closed_before_a_keep_alive_connection() {
    let config = ListenerConfig {
        idle_timeout: Duration::from_secs(120),
        ..impatient()
    };
    let server = start(config).await;
    let mut kept = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    kept.write_all(request).await.unwrap();
    let mut buffer = [0; 1024];
    assert!(kept.read(&mut buffer).await.unwrap() > 0);

    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(read_all(&mut silent).await, "");

    kept.write_all(request).await.unwrap();
    assert!(kept.read(&mut buffer).await.unwrap() > 0);
}

#[tokio::test]
async fn half_an_http2_preface_does_not_hold_a_connection() {
    let server = start(impatient()).await;
    assert_eq!(exchange(server.address, b"PRI * HT").await, "");
}

#[tokio::test]
async fn a_keep_alive_connection_is_closed_after_the_idle_timeout() {
    let config = ListenerConfig {
        idle_timeout: Duration::from_secs(2),
        ..impatient()
    };
    let server = start(config).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..2 {
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        let mut buffer = [0; 1024];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        // Longer than the header timeout, shorter than the idle timeout.
        slowly(Duration::from_millis(300)).await;
    }
    assert_eq!(read_all(&mut stream).await, "");
}

#[tokio::test]
async fn oversized_headers_are_answered_431() {
    let server = start(impatient()).await;
    let large = format!(
        "GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
        "y".repeat(20_000)
    );
    let answer = exchange(server.address, large.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = format!(
        "GET / HTTP/1.1\r\nhost: a\r\n{}\r\n",
        "x: y\r\n".repeat(100)
    );
    let answer = exchange(server.address, many.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn an_oversized_form_is_answered_413_without_being_read() {
    let server = start(impatient()).await;
    let head = "POST /form HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000000\r\n\r\n";
    let request = format!("{head}{}", "a=b&".repeat(20_000));
    let answer = exchange(server.address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("correlation_id"));
}

const HELD: &[u8] = b"GET /held HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
const KEPT: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const HALF: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n";
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

#[tokio::test]
async fn s2_requests_are_answered_while_idle_connections_hold_all_slots() {
    let config = ListenerConfig {
        max_connections: 300,
        ..ListenerConfig::default()
    };
    let server = start(config).await;
    let mut idle = Vec::new();
    for round in 0..100 {
        for bytes in [b"".as_slice(), KEPT, HALF, HTTP2, b"G"] {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            if bytes == KEPT {
                let mut buffer = [0; 1024];
                assert!(stream.read(&mut buffer).await.unwrap() > 0);
            }
            idle.push(stream);
        }
        if round >= 60 {
            assert!(exchange(server.address, GET).await.ends_with("hello"));
        }
    }
    // The first ones gave way.
    assert!(!read_all(&mut idle[0]).await.contains("HTTP"));
}

#[tokio::test]
async fn s2_a_busy_connection_does_not_give_way() {
    let config = ListenerConfig {
        max_connections: 2,
        ..ListenerConfig::default()
    };
    let held = Held::default();
    let server = start_with(held.router(), config).await;
    let mut busy = TcpStream::connect(server.address).await.unwrap();
    busy.write_all(HELD).await.unwrap();
    held.begun().await;
    let mut more = Vec::new();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(HALF).await.unwrap();
        more.push(stream);
    }
    assert!(exchange(server.address, GET).await.ends_with("hello"));
    held.finish();
    assert!(read_all(&mut busy).await.ends_with("finished"));
}

#[tokio::test]
async fn s2_when_all_are_busy_a_connection_is_closed_and_accepting_goes_on() {
    let config = ListenerConfig {
        max_connections: 1,
        ..ListenerConfig::default()
    };
    let held = Held::default();
    let server = start_with(held.router(), config).await;
    let mut busy = TcpStream::connect(server.address).await.unwrap();
    busy.write_all(HELD).await.unwrap();
    // Until the request is in progress its connection may give way.
    held.begun().await;
    for _ in 0..3 {
        assert_eq!(exchange(server.address, GET).await, "");
    }
    drop(busy);
    eventually("a free slot", async || {
        exchange(server.address, GET).await.ends_with("hello")
    })
    .await;
}

#[tokio::test]
async fn s2_connections_that_open_and_close_leave_nothing_behind() {
    let config = ListenerConfig {
        max_connections: 20,
        ..ListenerConfig::default()
    };
    let server = start(config).await;
    for round in 0..500 {
        let stream = TcpStream::connect(server.address).await.unwrap();
        drop(stream);
        if round % 100 == 0 {
            assert!(exchange(server.address, GET).await.ends_with("hello"));
        }
    }
    let mut kept = TcpStream::connect(server.address).await.unwrap();
    kept.write_all(KEPT).await.unwrap();
    let mut buffer = [0; 1024];
    assert!(kept.read(&mut buffer).await.unwrap() > 0);
}
