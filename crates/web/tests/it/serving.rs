//! A server on a free port, and a client that sends arbitrary bytes.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use cardea_testkit::{PATIENCE, listen};
use cardea_web::inbound::{
    ClientAddress, FormPairs, Inbound,
    listener::{ListenerConfig, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
}

pub(crate) fn router() -> Router {
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route(
            "/who",
            get(|who: ClientAddress| async move { who.ip.to_string() }),
        )
        .route(
            "/form",
            post(|form: FormPairs| async move { form.0.len().to_string() }),
        );
    Inbound::new(false, 1).wrap(router)
}

/// A request to `/held`, which is in progress until the test finishes it.
#[derive(Clone, Default)]
pub(crate) struct Held {
    begun: Arc<Notify>,
    finish: Arc<Notify>,
}

impl Held {
    /// The ordinary pages and `/held`.
    pub(crate) fn router(&self) -> Router {
        let held = self.clone();
        let answer = async move || {
            held.begun.notify_one();
            held.finish.notified().await;
            "finished"
        };
        router().route("/held", get(answer))
    }

    /// Waits until the request is in progress.
    pub(crate) async fn begun(&self) {
        timeout(PATIENCE, self.begun.notified()).await.unwrap();
    }

    pub(crate) fn finish(&self) {
        self.finish.notify_one();
    }
}

/// Timeouts short enough for a test.
pub(crate) fn impatient() -> ListenerConfig {
    ListenerConfig {
        header_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_millis(400),
        handshake_timeout: Duration::from_millis(200),
        shutdown_deadline: Duration::from_secs(2),
        ..ListenerConfig::default()
    }
}

pub(crate) async fn start(config: ListenerConfig) -> Running {
    start_with(router(), config).await
}

pub(crate) async fn start_with(router: Router, config: ListenerConfig) -> Running {
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve(vec![listener], router, config, stop.clone()));
    Running {
        address,
        stop,
        served,
    }
}

/// Sends these bytes and reads until the server closes.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A connection that the server has closed is noticed by reading.
    let _ = stream.write_all(bytes).await;
    read_all(&mut stream).await
}

/// Everything until the end of the connection, which must come.
pub(crate) async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = timeout(PATIENCE, stream.read(&mut buffer));
        match read.await.expect("the server kept the connection open") {
            Ok(0) | Err(_) => return String::from_utf8_lossy(&answer).into_owned(),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
        }
    }
}

pub(crate) const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_response_has_the_security_headers() {
    let server = start(impatient()).await;
    let answer = exchange(server.address, GET).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("x-request-id: "));
    assert!(answer.contains("x-content-type-options: nosniff"));
    assert!(!answer.contains("strict-transport-security"));
    assert!(answer.ends_with("hello"));
}

#[tokio::test]
async fn the_handler_gets_the_address_of_the_peer() {
    let server = start(impatient()).await;
    let request =
        b"GET /who HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 8.8.8.8\r\nconnection: close\r\n\r\n";
    assert!(
        exchange(server.address, request)
            .await
            .ends_with("127.0.0.1")
    );
}

#[tokio::test]
async fn several_listeners_serve_one_router() {
    let ((one, _), (two, _)) = (listen().await, listen().await);
    let addresses = [one.local_addr().unwrap(), two.local_addr().unwrap()];
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve(vec![one, two], router(), impatient(), stop.clone()));
    for address in addresses {
        assert!(exchange(address, GET).await.ends_with("hello"));
    }
    stop.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn http2_is_served_too() {
    let server = start(impatient()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "a SETTINGS frame");
}
