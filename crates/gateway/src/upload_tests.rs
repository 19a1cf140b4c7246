#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{convert::Infallible, net::Ipv4Addr, sync::Mutex};

use http::{Request, Response};
use http_body_util::Empty;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};

use super::*;

/// What became of a body: how much was read ahead, and how much in all.
type Outcome = Result<(usize, Result<usize, ()>), String>;

/// A client, and what becomes of the body that it sends.
fn receiving() -> (DuplexStream, Arc<Mutex<Option<Outcome>>>) {
    let (client, server) = duplex(1024 * 1024);
    let outcome = Arc::<Mutex<Option<Outcome>>>::default();
    let kept = Arc::clone(&outcome);
    let service = service_fn(move |request: Request<Incoming>| {
        let kept = Arc::clone(&kept);
        async move {
            let outcome = received(request).await;
            *kept.lock().unwrap() = Some(outcome);
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let http = hyper::server::conn::http1::Builder::new();
    tokio::spawn(http.serve_connection(TokioIo::new(server), service));
    (client, outcome)
}

async fn received(request: Request<Incoming>) -> Outcome {
    let (parts, body) = request.into_parts();
    let memory = Shares::new(1024 * 1024);
    let limits = Limits {
        max_bytes: 1_000_000,
        pause: Duration::from_secs(60),
        memory: &memory,
        ip: Ipv4Addr::LOCALHOST.into(),
    };
    let body = RequestBody::read(&parts, body, limits).await;
    let mut body = body.map_err(|refusal| refusal.to_string())?;
    let ahead = match &body {
        RequestBody::Empty => 0,
        RequestBody::Some(upload) => upload.ahead.iter().map(Bytes::len).sum(),
    };
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Ok((ahead, Err(())));
        };
        size += frame.data_ref().map_or(0, Bytes::len);
    }
    Ok((ahead, Ok(size)))
}

async fn send(head: &str, first: usize, piece: usize, pieces: usize) -> Option<Outcome> {
    let (mut client, outcome) = receiving();
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&vec![b'x'; first]).await.unwrap();
    for _ in 0..pieces {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if client.write_all(&vec![b'x'; piece]).await.is_err() {
            break;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    outcome.lock().unwrap().take()
}

#[tokio::test(start_paused = true)]
async fn s3_a_small_body_is_whole_before_the_upstream_is_asked() {
    for size in [1, 2000, 65_536] {
        let head = format!("Content-Length: {size}");
        let outcome = send(&head, size, 0, 0).await.unwrap();
        assert_eq!(outcome, Ok((size, Ok(size))));
    }
    let outcome = send("Content-Length: 10000", 2000, 2000, 4).await.unwrap();
    assert_eq!(outcome, Ok((10_000, Ok(10_000))));
    assert_eq!(send("Content-Length: 10000", 2000, 2000, 1).await, None);
}

#[tokio::test(start_paused = true)]
async fn s3_an_upload_below_the_minimum_rate_is_ended() {
    let slow = "the client sends its request too slowly".to_owned();
    let outcome = send("Content-Length: 60000", 1, 10, 30).await.unwrap();
    assert_eq!(outcome, Err(slow));
    let outcome = send("Content-Length: 500000", 70_000, 10, 30)
        .await
        .unwrap();
    assert_eq!(outcome.unwrap().1, Err(()));
}

#[tokio::test(start_paused = true)]
async fn s3_an_upload_above_the_minimum_rate_takes_its_time() {
    let outcome = send("Content-Length: 370000", 70_000, 2000, 150)
        .await
        .unwrap();
    assert_eq!(outcome.unwrap().1, Ok(370_000));
}
