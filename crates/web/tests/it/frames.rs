//! A minimal HTTP/2 client that can send frames which no client library would send.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;

pub(crate) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// A client without TLS, by prior knowledge.
pub(crate) struct Http2(TcpStream);

/// A frame that the server sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Http2 {
    /// A connection with this initial flow-control window for each response.
    pub(crate) async fn connect(address: SocketAddr, window: u32) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        stream.write_all(preface).await.unwrap();
        let mut client = Self(stream);
        let mut settings = vec![0, 4];
        settings.extend_from_slice(&window.to_be_bytes());
        client.send(SETTINGS, 0, 0, &settings).await;
        client
    }

    pub(crate) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![size[1], size[2], size[3], kind, flags];
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        // A connection that the server has closed is found out by reading.
        let _ = self.0.write_all(&frame).await;
    }

    /// Sends the headers of a request unchanged.
    pub(crate) async fn ask(&mut self, stream: u32, flags: u8, fields: &[(&str, &str)]) {
        let mut block = Vec::new();
        for (name, value) in fields {
            // RFC 7541 §6.2.2: a literal that is not indexed.
            block.push(0);
            for text in [name, value] {
                block.push(u8::try_from(text.len()).unwrap());
                assert!(text.len() < 127);
                block.extend_from_slice(text.as_bytes());
            }
        }
        self.send(HEADERS, flags | END_HEADERS, stream, &block)
            .await;
    }

    /// A `GET` of this path.
    pub(crate) async fn get(&mut self, stream: u32, host: &str, path: &str) {
        let fields = [
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", host),
            (":path", path),
        ];
        self.ask(stream, END_STREAM, &fields).await;
    }

    pub(crate) async fn reset(&mut self, stream: u32) {
        self.send(RESET, 0, stream, &8_u32.to_be_bytes()).await;
    }

    pub(crate) async fn ping(&mut self) {
        self.send(PING, 0, 0, b"as usual").await;
    }

    /// Grants more flow-control window to this stream.
    pub(crate) async fn take(&mut self, stream: u32, bytes: u32) {
        self.send(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
            .await;
    }

    /// The next frame of a request (settings and pings are answered); `None` at the end of the connection, or when nothing comes
    /// in this time.
    pub(crate) async fn next(&mut self, within: Duration) -> Option<Frame> {
        tokio::time::timeout(within, self.read()).await.ok()?
    }

    async fn read(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let size = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(size).unwrap()];
            self.0.read_exact(&mut payload).await.ok()?;
            let (kind, flags) = (head[3], head[4]);
            match kind {
                SETTINGS | PING if flags & ACK == 0 => {
                    let echo = if kind == PING { payload } else { Vec::new() };
                    self.send(kind, ACK, 0, &echo).await;
                }
                SETTINGS | PING | WINDOW_UPDATE => {}
                _ => {
                    let stream = [head[5], head[6], head[7], head[8]];
                    let stream = u32::from_be_bytes(stream);
                    return Some(Frame {
                        kind,
                        stream,
                        payload,
                    });
                }
            }
        }
    }

    /// Whether the server closes the connection within this time.
    pub(crate) async fn is_closed(&mut self, within: Duration) -> bool {
        let closed = async { while self.read().await.is_some() {} };
        tokio::time::timeout(within, closed).await.is_ok()
    }
}
