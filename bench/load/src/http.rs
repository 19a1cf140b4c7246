//! The subset of HTTP/1.1 that this load needs: one persistent connection to a server on loopback.

use std::{net::Ipv4Addr, path::Path};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
};

/// No answer of a provider is longer.
const MAX_ANSWER: usize = 1 << 20;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A persistent connection.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    host: String,
    /// Lines that a proxy adds.
    forwarded: String,
    buffer: Vec<u8>,
}

/// An answer, parsed as far as needed.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The values of a header.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.head.lines().filter_map(move |line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Connection {
    pub(crate) async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: Box::new(stream),
            // As the issuer names it.
            host: format!("localhost:{port}"),
            forwarded: String::new(),
            buffer: Vec::new(),
        })
    }

    /// To the administration.
    pub(crate) async fn open_unix(socket: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            stream: Box::new(UnixStream::connect(socket).await?),
            host: "localhost".to_owned(),
            forwarded: String::new(),
            buffer: Vec::new(),
        })
    }

    /// What follows comes from this address, as a proxy says it.
    pub(crate) fn forward_for(&mut self, address: Ipv4Addr) {
        self.forwarded = format!("x-forwarded-for: {address}\r\n");
    }

    pub(crate) async fn get(&mut self, path: &str, cookie: &str) -> anyhow::Result<Answer> {
        let (host, forwarded) = (&self.host, &self.forwarded);
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{forwarded}cookie: {cookie}\r\n\r\n");
        self.call(&request).await
    }

    pub(crate) async fn post(
        &mut self,
        path: &str,
        cookie: &str,
        form: &str,
    ) -> anyhow::Result<Answer> {
        let (host, forwarded, length) = (&self.host, &self.forwarded, form.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\n{forwarded}cookie: {cookie}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
        );
        self.call(&request).await
    }

    async fn call(&mut self, request: &str) -> anyhow::Result<Answer> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.buffer.get(..end).unwrap_or_default().to_vec())?;
        let mut answer = Answer {
            status: head
                .get(9..12)
                .and_then(|digits| digits.parse().ok())
                .context("no status line")?,
            head,
            body: String::new(),
        };
        let length: usize = match answer.header("content-length").next() {
            Some(text) => text.parse()?,
            None => 0,
        };
        while self.buffer.len() < end + length {
            self.more().await?;
        }
        answer.body = String::from_utf8(self.buffer.get(end..).unwrap_or_default().to_vec())?;
        Ok(answer)
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.buffer.len() > MAX_ANSWER {
            bail!("the answer is too long");
        }
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => bail!("the server closed the connection"),
            _ => Ok(()),
        }
    }
}

/// The body of a form.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}
