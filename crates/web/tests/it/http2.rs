//! HTTP/2 clients that are cheap for the client and expensive for the server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use cardea_testkit::{PATIENCE, settle, slowly};
use cardea_web::inbound::listener::ListenerConfig;

use crate::{
    frames::{DATA, END_STREAM, HEADERS, Http2, RESET},
    serving::{impatient, start, start_with},
};

const SECOND: Duration = Duration::from_secs(1);
const HOST: &str = "localhost";

/// Counts the requests in progress, including their response bodies.
fn holding(held: &Arc<AtomicUsize>) -> Router {
    struct Held(Arc<AtomicUsize>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let count = Arc::clone(held);
    let large = move || async move {
        count.fetch_add(1, Ordering::SeqCst);
        let held = Held(count);
        let pieces = futures_util::stream::unfold(held, |held| async move {
            Some((Ok::<_, std::io::Error>(vec![b'x'; 1024]), held))
        });
        axum::body::Body::from_stream(pieces)
    };
    Router::new()
        .route("/large", get(large))
        .route("/endless", get(std::future::pending::<()>))
}

#[tokio::test]
async fn a_response_that_is_not_read_is_reset() {
    let held = Arc::default();
    let server = start_with(holding(&held), impatient()).await;
    let mut client = Http2::connect(server.address, 0).await;
    for stream in [1, 3, 5] {
        client.get(stream, HOST, "/large").await;
        let head = client.next(SECOND).await.unwrap();
        assert_eq!((head.kind, head.stream), (HEADERS, stream));
    }
    assert_eq!(held.load(Ordering::SeqCst), 3);
    let mut reset = Vec::new();
    while let Some(frame) = client.next(SECOND).await {
        if frame.kind == RESET {
            reset.push(frame.stream);
        }
    }
    reset.sort_unstable();
    assert_eq!(reset, [1, 3, 5]);
    assert_eq!(held.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_response_that_is_read_slowly_continues() {
    let server = start_with(holding(&Arc::default()), impatient()).await;
    let mut client = Http2::connect(server.address, 1).await;
    client.get(1, HOST, "/large").await;
    for _ in 0..8 {
        // Each pause is shorter than the stall timeout; together they are twice as long.
        slowly(Duration::from_millis(100)).await;
        client.take(1, 2048).await;
    }
    let mut got = 0;
    while let Some(frame) = client.next(Duration::from_millis(100)).await {
        assert_ne!(frame.kind, RESET);
        got += if frame.kind == DATA {
            frame.payload.len()
        } else {
            0
        };
    }
    assert_eq!(got, 8 * 2048 + 1);
}

#[tokio::test]
async fn pings_do_not_keep_an_idle_connection_open() {
    let server = start(impatient()).await;
    let mut client = Http2::connect(server.address, 65_535).await;
    client.get(1, HOST, "/").await;
    let began = Instant::now();
    // A quarter of the idle timeout.
    while !client.is_closed(Duration::from_millis(100)).await {
        assert!(began.elapsed() < PATIENCE, "the pings keep it open");
        client.ping().await;
    }
}

#[tokio::test]
async fn a_reset_flood_ends_the_connection() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let endless = move || async move {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<()>().await;
    };
    let router = Router::new().route("/", get(endless));
    let config = ListenerConfig {
        header_timeout: SECOND,
        ..ListenerConfig::default()
    };
    let server = start_with(router, config).await;
    let mut client = Http2::connect(server.address, 65_535).await;
    for number in 0..2000 {
        let stream = 2 * number + 1;
        client.get(stream, HOST, "/").await;
        // So that the request is in progress when it is reset.
        if number % 10 == 9 {
            settle().await;
            for number in number - 9..=number {
                client.reset(2 * number + 1).await;
            }
        }
    }
    assert!(client.is_closed(PATIENCE).await);
    let asked = asked.load(Ordering::SeqCst);
    assert!(asked < 1000, "{asked} requests reached the handler");
}

#[tokio::test]
async fn endless_continuation_frames_end_the_connection() {
    let server = start(impatient()).await;
    let mut client = Http2::connect(server.address, 65_535).await;
    let continuation = 9;
    client
        .send(HEADERS, END_STREAM, 1, &[0, 1, b'a', 1, b'b'])
        .await;
    for _ in 0..10_000 {
        let field = [0, 1, b'a', 1, b'b'];
        client.send(continuation, 0, 1, &field).await;
    }
    assert!(client.is_closed(PATIENCE).await);
}
