//! Shutting down a server.

use std::time::{Duration, Instant};

use cardea_testkit::{PATIENCE, eventually};
use cardea_web::inbound::{listener::ListenerConfig, shutdown::on_signal};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use crate::serving::{GET, Held, Running, exchange, impatient, read_all, start, start_with};

const HELD: &[u8] = b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n";

/// A connection with this request in progress.
async fn in_progress(server: &Running, held: &Held) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(HELD).await.unwrap();
    held.begun().await;
    stream
}

async fn ends(server: Running) {
    let ended = timeout(PATIENCE, server.served).await;
    ended.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_request_in_progress_is_finished() {
    let held = Held::default();
    let config = ListenerConfig {
        shutdown_deadline: PATIENCE,
        ..impatient()
    };
    let server = start_with(held.router(), config).await;
    let mut stream = in_progress(&server, &held).await;
    server.stop.cancel();
    let address = server.address;
    eventually("no more connections", async || {
        TcpStream::connect(address).await.is_err()
    })
    .await;
    assert!(!server.served.is_finished());
    held.finish();
    assert!(read_all(&mut stream).await.ends_with("finished"));
    ends(server).await;
}

#[tokio::test]
async fn an_idle_connection_does_not_delay_the_shutdown() {
    let config = ListenerConfig {
        idle_timeout: 3 * PATIENCE,
        header_timeout: 3 * PATIENCE,
        shutdown_deadline: 2 * PATIENCE,
        ..ListenerConfig::default()
    };
    let server = start(config).await;
    let _idle = TcpStream::connect(server.address).await.unwrap();
    // Connections are accepted in their order.
    assert!(exchange(server.address, GET).await.ends_with("hello"));
    server.stop.cancel();
    ends(server).await;
}

#[tokio::test]
async fn an_endless_request_is_aborted_at_the_deadline() {
    let deadline = Duration::from_millis(200);
    let config = ListenerConfig {
        shutdown_deadline: deadline,
        ..impatient()
    };
    let held = Held::default();
    let server = start_with(held.router(), config).await;
    let mut stream = in_progress(&server, &held).await;
    let began = Instant::now();
    server.stop.cancel();
    ends(server).await;
    assert!(began.elapsed() >= deadline);
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
    timeout(PATIENCE, token.cancelled()).await.unwrap();
}
