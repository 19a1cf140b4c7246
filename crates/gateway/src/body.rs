//! Response bodies on their way to the client.
//!
//! They are forwarded frame by frame. A client that keeps an upstream waiting for longer than the minimum rate allows loses its
//! response; a response in which the upstream pauses does not count.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use axum::{
    BoxError,
    body::{Body, HttpBody},
};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    pace::Pace,
    pool::{Exchange, Pool},
    shares::Held,
};

/// The body of a response.
pub struct ResponseBody(Source);

enum Source {
    Own(Body),
    Upstream(Download),
}

impl ResponseBody {
    /// One of the gateway itself.
    pub(crate) fn own(body: impl Into<Body>) -> Self {
        Self(Source::Own(body.into()))
    }

    /// One that comes by this connection, unless it is driven elsewhere.
    pub(crate) fn upstream(
        body: Incoming,
        connection: Option<(Box<Exchange>, Arc<Pool>)>,
        idle_timeout: Duration,
        slot: Held,
    ) -> Self {
        Self(Source::Upstream(Download {
            body,
            idle_timeout,
            deadline: None,
            reader: Arc::new(Mutex::new(Reader {
                connection,
                slot: Some(slot),
                pace: Pace::of_reader(),
                waiting_since: None,
            })),
            watch: None,
        }))
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.get_mut().0 {
            Source::Own(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Source::Upstream(download) => download.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Own(body) => body.is_end_stream(),
            Source::Upstream(download) => download.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Own(body) => body.size_hint(),
            Source::Upstream(download) => download.body.size_hint(),
        }
    }
}

/// A response that an upstream is sending. It drives its connection itself, and returns it to the pool at the end.
struct Download {
    body: Incoming,
    idle_timeout: Duration,
    // Set while the upstream is waited for.
    deadline: Option<Pin<Box<Sleep>>>,
    reader: Arc<Mutex<Reader>>,
    // Nothing polls a body while its client does not read.
    watch: Option<AbortOnDropHandle<()>>,
}

/// A client that reads a response, and what it holds as long as it reads.
struct Reader {
    connection: Option<(Box<Exchange>, Arc<Pool>)>,
    // None when the client was too slow.
    slot: Option<Held>,
    pace: Pace,
    // When a frame was given to the client, until it asks for the next one.
    waiting_since: Option<Instant>,
}

impl Reader {
    fn of(reader: &Mutex<Self>) -> MutexGuard<'_, Self> {
        reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long it may still wait with the next read; zero ends it.
    fn time_left(&self) -> Duration {
        let waited = self.waiting_since.map_or(Duration::ZERO, |at| at.elapsed());
        self.pace.left().saturating_sub(waited)
    }

    fn give_up(&mut self) {
        self.connection = None;
        self.slot = None;
    }
}

/// Ends the response of a client that reads too slowly.
async fn watch(reader: Arc<Mutex<Reader>>) {
    loop {
        let left = Reader::of(&reader).time_left();
        tokio::time::sleep(left).await;
        let mut reader = Reader::of(&reader);
        if reader.waiting_since.is_some() && reader.time_left().is_zero() {
            tracing::debug!("a client reads its response too slowly");
            return reader.give_up();
        }
        // Without a pending frame it may have the whole time again.
        if reader.waiting_since.is_none() && reader.time_left().is_zero() {
            reader.pace = Pace::of_reader();
        }
    }
}

impl Download {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let reader = Arc::clone(&self.reader);
        let mut reader = Reader::of(&reader);
        if let Some(since) = reader.waiting_since.take() {
            reader.pace.waited(since.elapsed());
        }
        if reader.slot.is_none() {
            return Poll::Ready(Some(Err("the client reads too slowly".into())));
        }
        if let Some((exchange, _)) = &mut reader.connection {
            exchange.drive(cx);
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => return self.wait(&mut reader, cx),
        };
        self.deadline = None;
        match frame {
            Some(Ok(frame)) => {
                reader.pace.moved(frame.data_ref().map_or(0, Bytes::len));
                if !self.body.is_end_stream() {
                    reader.waiting_since = Some(Instant::now());
                    let watched =
                        || AbortOnDropHandle::new(tokio::spawn(watch(Arc::clone(&self.reader))));
                    self.watch.get_or_insert_with(watched);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            None => {
                give_back(&mut reader, cx);
                Poll::Ready(None)
            }
        }
    }

    fn wait(
        &mut self,
        reader: &mut Reader,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let idle_timeout = self.idle_timeout;
        let deadline = self.deadline.get_or_insert_with(|| {
            Box::pin(tokio::time::sleep_until(Instant::now() + idle_timeout))
        });
        ready!(deadline.as_mut().poll(cx));
        reader.connection = None;
        Poll::Ready(Some(Err(
            "the upstream stopped in the middle of its response".into(),
        )))
    }
}

fn give_back(reader: &mut Reader, cx: &mut Context<'_>) {
    if let Some((mut exchange, pool)) = reader.connection.take() {
        exchange.drive(cx);
        pool.give_back(exchange);
    }
}

impl Drop for Download {
    // A server that has sent a whole body of known length does not poll for its end.
    fn drop(&mut self) {
        let mut reader = Reader::of(&self.reader);
        if self.body.is_end_stream() {
            give_back(&mut reader, &mut Context::from_waker(Waker::noop()));
        }
        reader.give_up();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use http::Request;
    use http_body_util::{BodyExt as _, Empty};
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;
    use crate::shares::Shares;

    const LOOPBACK: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    async fn seconds(count: u64) {
        tokio::time::sleep(Duration::from_secs(count)).await;
    }

    /// The response of a server that sends this piece, and again after each pause; and the only slot, which it holds.
    async fn response(piece: &'static str, pause: u64) -> (ResponseBody, Arc<Shares>) {
        let (client, server) = duplex(1024);
        tokio::spawn(serve(server, piece, pause));
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(client));
        let (mut sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        let request = Request::new(Empty::<Bytes>::new());
        let body = sender.send_request(request).await.unwrap().into_body();
        let shares = Shares::new(1);
        let slot = shares.take(LOOPBACK, 1).unwrap();
        let body = ResponseBody::upstream(body, None, Duration::from_secs(120), slot);
        (body, shares)
    }

    async fn serve(mut io: DuplexStream, piece: &'static str, pause: u64) {
        let mut request = [0; 1024];
        let _ = io.read(&mut request).await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        io.write_all(head).await.unwrap();
        while io.write_all(piece.as_bytes()).await.is_ok() {
            seconds(pause).await;
        }
    }

    async fn is_read(body: &mut ResponseBody) -> bool {
        matches!(body.frame().await, Some(Ok(_)))
    }

    fn is_free(shares: &Arc<Shares>) -> bool {
        shares.take(LOOPBACK, 1).is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn s3_a_client_that_stops_reading_loses_its_slot() {
        let (mut body, shares) = response("data", 0).await;
        assert!(is_read(&mut body).await);
        seconds(29).await;
        assert!(!is_free(&shares));
        seconds(2).await;
        assert!(is_free(&shares));
        assert!(!is_read(&mut body).await);
    }

    #[tokio::test(start_paused = true)]
    async fn s3_a_client_that_reads_a_little_now_and_then_loses_its_slot() {
        let (mut body, shares) = response("data", 0).await;
        let mut read = 0;
        while is_read(&mut body).await {
            read += 1;
            assert!(read < 20, "it reads for ever");
            seconds(10).await;
        }
        assert!(is_free(&shares));
    }

    #[tokio::test(start_paused = true)]
    async fn s3_a_client_that_waits_for_events_keeps_its_slot() {
        let (mut body, shares) = response("event", 100).await;
        for _ in 0..50 {
            assert!(is_read(&mut body).await);
        }
        assert!(!is_free(&shares));
        drop(body);
        assert!(is_free(&shares));
    }
}
