//! Shutting down a server.

use std::time::{Duration, Instant};

use cardea_web::inbound::{listener::ListenerConfig, shutdown::on_signal};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::serving::{impatient, read_all, start};

#[tokio::test]
async fn a_request_in_progress_is_finished() {
    let server = start(impatient()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop.cancel();
    assert!(read_all(&mut stream).await.ends_with("finished"));
    server.served.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn an_idle_connection_does_not_delay_the_shutdown() {
    let config = ListenerConfig {
        idle_timeout: Duration::from_secs(60),
        shutdown_deadline: Duration::from_secs(30),
        ..ListenerConfig::default()
    };
    let server = start(config).await;
    let _idle = TcpStream::connect(server.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    server.stop.cancel();
    server.served.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_endless_request_is_aborted_at_the_deadline() {
    let config = ListenerConfig {
        shutdown_deadline: Duration::from_millis(200),
        ..impatient()
    };
    let server = start(config).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    server.stop.cancel();
    server.served.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(read_all(&mut stream).await, "");
}

#[tokio::test]
async fn the_first_signal_cancels_the_token() {
    let token = on_signal().unwrap();
    assert!(!token.is_cancelled());
    let own = std::process::id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &own])
        .status();
    assert!(sent.unwrap().success());
    let cancelled = tokio::time::timeout(Duration::from_secs(5), token.cancelled()).await;
    assert!(cancelled.is_ok());
}
