//! Bodies on their way through: bounded, watched, never copied.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use cardea_web::inbound::listener::Guest;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::pool::{Exchange, Pool};

/// How far a request's body has come; shared with whoever waits for the answer.
#[derive(Default)]
pub(crate) struct Upload {
    moved: AtomicBool,
    finished: AtomicBool,
    answered: AtomicBool,
    trouble: AtomicU8,
}

/// What went wrong with a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is larger than its route allows.
    TooLarge,
    /// The client broke off.
    Broken,
}

impl Upload {
    /// Whether something came since the last look.
    pub(crate) fn has_moved(&self) -> bool {
        self.moved.swap(false, Ordering::Relaxed)
    }

    /// Whether the whole body has been read.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }

    /// Notes that the upstream has answered.
    pub(crate) fn note_answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match self.trouble.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Trouble::TooLarge),
            _ => Some(Trouble::Broken),
        }
    }

    fn stop(&self, trouble: Trouble) -> BoxError {
        let code = match trouble {
            Trouble::TooLarge => 1,
            Trouble::Broken => 2,
        };
        self.trouble.store(code, Ordering::Relaxed);
        "the request's body ended early".into()
    }
}

/// What is still taken from a client whose upstream has answered before it read all, and for how long.
const LEFT_OVER_BYTES: usize = 64 * 1024;
const LEFT_OVER_TIME: Duration = Duration::from_secs(2);

/// The body of a request to an upstream.
pub(crate) enum RequestBody {
    Empty,
    Stream {
        // None when it was dropped.
        body: Option<Incoming>,
        left: u64,
        upload: Arc<Upload>,
    },
}

/// RFC 9113 §8.1 lets a server reset a stream whose answer is complete before its request is, and RFC 9112 §9.3 close the
/// connection. Not every client knows, and takes the answer for lost: so the little that is still under way is let in.
impl Drop for RequestBody {
    fn drop(&mut self) {
        let Self::Stream { body, upload, .. } = self else {
            return;
        };
        if !upload.answered.load(Ordering::Relaxed) {
            return;
        }
        let unread = body.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (unread, tokio::runtime::Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(LEFT_OVER_TIME, let_in(body)));
        }
    }
}

/// Reads what is left and keeps none of it.
async fn let_in(mut body: Incoming) {
    let mut left = LEFT_OVER_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(size) else {
            return;
        };
        left = rest;
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Self::Stream { body, left, upload } = self.get_mut() else {
            return Poll::Ready(None);
        };
        let Some(body) = body else {
            return Poll::Ready(None);
        };
        let frame = match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            None => {
                upload.finished.store(true, Ordering::Relaxed);
                return Poll::Ready(None);
            }
            Some(Err(_)) => return Poll::Ready(Some(Err(upload.stop(Trouble::Broken)))),
            Some(Ok(frame)) => frame,
        };
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(rest) = left.checked_sub(size) else {
            return Poll::Ready(Some(Err(upload.stop(Trouble::TooLarge))));
        };
        *left = rest;
        upload.moved.store(true, Ordering::Relaxed);
        if body.is_end_stream() {
            upload.finished.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Stream { body, .. } => body.as_ref().is_none_or(HttpBody::is_end_stream),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Stream { body, .. } => body
                .as_ref()
                .map_or_else(SizeHint::default, HttpBody::size_hint),
        }
    }
}

/// The body of an answer.
pub struct ResponseBody(Source);

enum Source {
    Own(Body),
    Upstream(Download),
}

impl ResponseBody {
    /// One of the gateway's own.
    pub(crate) fn own(body: impl Into<Body>) -> Self {
        Self(Source::Own(body.into()))
    }

    /// One that comes by this connection, unless something else drives it.
    pub(crate) fn upstream(
        body: Incoming,
        connection: Option<(Box<Exchange>, Arc<Pool>)>,
        idle_timeout: Duration,
        guest: Guest,
    ) -> Self {
        Self(Source::Upstream(Download {
            body,
            connection,
            idle_timeout,
            deadline: None,
            _guest: guest,
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

/// An answer that an upstream is sending. It moves its connection itself, and gives it back at the end.
struct Download {
    body: Incoming,
    connection: Option<(Box<Exchange>, Arc<Pool>)>,
    idle_timeout: Duration,
    // Set while the upstream is waited for.
    deadline: Option<Pin<Box<Sleep>>>,
    _guest: Guest,
}

impl Download {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some((exchange, _)) = &mut self.connection {
            exchange.drive(cx);
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => return self.wait(cx),
        };
        self.deadline = None;
        match frame {
            Some(Ok(frame)) => Poll::Ready(Some(Ok(frame))),
            Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            None => {
                self.give_back(cx);
                Poll::Ready(None)
            }
        }
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let idle_timeout = self.idle_timeout;
        let deadline = self.deadline.get_or_insert_with(|| {
            Box::pin(tokio::time::sleep_until(Instant::now() + idle_timeout))
        });
        ready!(deadline.as_mut().poll(cx));
        self.connection = None;
        Poll::Ready(Some(Err(
            "the upstream stopped in the middle of its answer".into(),
        )))
    }

    fn give_back(&mut self, cx: &mut Context<'_>) {
        if let Some((mut exchange, pool)) = self.connection.take() {
            exchange.drive(cx);
            pool.give_back(exchange);
        }
    }
}

impl Drop for Download {
    // A server that has sent all it announced doesn't ask for the end.
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            self.give_back(&mut Context::from_waker(Waker::noop()));
        }
    }
}
