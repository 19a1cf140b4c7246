//! Clients that are slow, large or many.

use std::time::{Duration, Instant};

use cardea_web::inbound::listener::ListenerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::serving::{GET, exchange, impatient, read_all, start};

#[tokio::test]
async fn a_client_with_slow_headers_is_dropped() {
    let server = start(impatient()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let began = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    for number in 0..100 {
        let line = format!("x-{number}: y\r\n");
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(began.elapsed() < Duration::from_secs(2));
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
        idle_timeout: Duration::from_secs(60),
        ..impatient()
    };
    let server = start(config).await;
    let mut kept = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    kept.write_all(request).await.unwrap();
    let mut buffer = [0; 1024];
    assert!(kept.read(&mut buffer).await.unwrap() > 0);

    let began = Instant::now();
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(read_all(&mut silent).await, "");
    assert!(began.elapsed() < Duration::from_secs(2));

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
    let server = start(impatient()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..2 {
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        let mut buffer = [0; 1024];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        // Longer than the header timeout, shorter than the idle timeout.
        tokio::time::sleep(Duration::from_millis(300)).await;
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

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_slot() {
    let config = ListenerConfig {
        max_connections: 1,
        ..impatient()
    };
    let server = start(config).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first
        .write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    assert!(exchange(server.address, GET).await.ends_with("hello"));
    assert!(began.elapsed() >= Duration::from_millis(150));
    assert!(read_all(&mut first).await.ends_with("finished"));
}
