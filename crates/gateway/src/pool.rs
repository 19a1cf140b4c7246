//! Connections to one upstream, kept open between requests.
//!
//! A connection has no task of its own: the task of its request polls it, so that a response does not pass from one task to
//! another, and an idle connection costs nothing.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use cardea_web::outbound::upstream_tls::UpstreamStream;
use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{Builder, Connection, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use tokio::sync::OwnedSemaphorePermit;

use crate::upload::RequestBody;

/// The maximum of a response's headers, and of its body in memory.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
const MAX_IDLE: usize = 256;
/// Most servers close idle connections after about a minute. One that was closed earlier is detected when it is taken.
const MAX_IDLE_TIME: Duration = Duration::from_secs(55);

/// A connection, and the sender of its requests.
pub(crate) struct Exchange {
    sender: SendRequest<RequestBody>,
    connection: Connection<TokioIo<UpstreamStream>, RequestBody>,
    closed: bool,
    idle_since: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Exchange {
    /// Starts HTTP on a connection; the permit is held until it is closed.
    pub(crate) async fn begin(
        stream: UpstreamStream,
        permit: OwnedSemaphorePermit,
    ) -> hyper::Result<Box<Self>> {
        let (sender, connection) = builder().handshake(TokioIo::new(stream)).await?;
        Ok(Box::new(Self {
            sender,
            connection,
            closed: false,
            idle_since: Instant::now(),
            _permit: permit,
        }))
    }

    /// Polls the connection.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.closed {
            self.closed = Pin::new(&mut self.connection).poll(cx).is_ready();
        }
    }

    /// Sends a request and waits for the head of its response.
    pub(crate) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        let mut response = pin!(self.sender.try_send_request(request));
        poll_fn(|cx| {
            if !self.closed {
                self.closed = Pin::new(&mut self.connection).poll(cx).is_ready();
            }
            response.as_mut().poll(cx)
        })
        .await
    }

    fn is_ready(&self) -> bool {
        !self.closed && self.sender.is_ready()
    }
}

/// The HTTP/1.1 settings for upstreams.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.max_buf_size(MAX_BUFFER_BYTES);
    builder
}

/// The idle connections; the last used is taken first.
#[derive(Default)]
pub(crate) struct Pool(Mutex<VecDeque<Box<Exchange>>>);

impl Pool {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A connection that is not known to be closed.
    pub(crate) async fn take(&self) -> Option<Box<Exchange>> {
        poll_fn(|cx| {
            loop {
                let Some(mut exchange) = self.idle().pop_back() else {
                    return Poll::Ready(None);
                };
                if exchange.idle_since.elapsed() > MAX_IDLE_TIME {
                    continue;
                }
                exchange.drive(cx);
                if exchange.is_ready() {
                    return Poll::Ready(Some(exchange));
                }
            }
        })
        .await
    }

    /// Keeps a connection for another request if it can be reused.
    pub(crate) fn give_back(&self, mut exchange: Box<Exchange>) {
        if !exchange.is_ready() {
            return;
        }
        let now = Instant::now();
        exchange.idle_since = now;
        let mut idle = self.idle();
        let is_old = |since: Instant| now.duration_since(since) > MAX_IDLE_TIME;
        while idle.len() >= MAX_IDLE || idle.front().is_some_and(|one| is_old(one.idle_since)) {
            idle.pop_front();
        }
        idle.push_back(exchange);
    }

    /// Closes the connection that has been idle longest, if there is one.
    pub(crate) fn close_oldest(&self) -> bool {
        self.idle().pop_front().is_some()
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Box<Exchange>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
