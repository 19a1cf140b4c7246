//! Incomplete bodies: many HTTP/2 connections, on each as many streams as the server allows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use h2::{SendStream, client};
use http::{Method, Request, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};

/// The time that a connection waits for the server to allow one more stream.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    /// The port of the server.
    #[arg(long)]
    port: u16,
    /// The number of connections.
    #[arg(long, default_value_t = 320)]
    connections: usize,
    /// The number of streams on each, if the server allows them.
    #[arg(long, default_value_t = 32)]
    streams: usize,
    /// The number of bytes sent of each body. One more is announced.
    #[arg(long, default_value_t = 65_000)]
    bytes: usize,
    /// The seconds that all stay open.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<Value> {
    let answered = Arc::new(AtomicU64::new(0));
    let connections: Vec<_> = (0..options.connections)
        .map(|_| tokio::spawn(open(options.clone(), Arc::clone(&answered))))
        .collect();
    let mut held = Vec::new();
    for one in connections {
        held.extend(one.await??);
    }
    let opened = held.len();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    // The process ends with its connections.
    Ok(json!({ "opened": opened, "answered": answered.load(Ordering::Relaxed) }))
}

async fn open(
    options: Options,
    answered: Arc<AtomicU64>,
) -> anyhow::Result<Vec<SendStream<Bytes>>> {
    let stream = TcpStream::connect(("127.0.0.1", options.port)).await?;
    let (mut sender, connection) = client::handshake(stream).await?;
    tokio::spawn(connection);
    let part = Bytes::from(vec![b'a'; options.bytes]);
    let mut held = Vec::new();
    for _ in 0..options.streams {
        sender = match timeout(PATIENCE, sender.ready()).await {
            Ok(Ok(ready)) => ready,
            // The server allows no more, or has closed the connection: the open streams count.
            _ => break,
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://localhost:{}/token", options.port))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(())?;
        let (response, mut body) = sender.send_request(request, false)?;
        let answered = Arc::clone(&answered);
        tokio::spawn(async move {
            if response.await.is_ok() {
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
        if body.send_data(part.clone(), false).is_ok() {
            held.push(body);
        }
    }
    Ok(held)
}
