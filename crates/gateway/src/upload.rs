//! Request bodies on their way to an upstream.
//!
//! The first 64 KiB are read before the upstream is asked, so that a slow client holds none of its connections for a small body.
//! What is longer is forwarded frame by frame, at a minimum rate.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{BoxError, body::HttpBody};
use bytes::Bytes;
use http::{header::TRANSFER_ENCODING, request::Parts};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::{
    pace::Pace,
    refusal::Refusal,
    shares::{Held, Shares, Spent},
};

/// How much of a body is read before the upstream is asked.
const READ_AHEAD: usize = 64 * 1024;
/// What a frame in memory takes besides its bytes.
const FRAME_BYTES: usize = 128;
/// What is still read from a client whose upstream has answered before it read all, and for how long.
const LEFT_OVER_BYTES: usize = 64 * 1024;
const LEFT_OVER_TIME: Duration = Duration::from_secs(2);

/// The limits of a request body.
pub(crate) struct Limits<'a> {
    /// The maximum size.
    pub(crate) max_bytes: u64,
    /// The longest pause.
    pub(crate) pause: Duration,
    /// The memory of all bodies that are read ahead.
    pub(crate) memory: &'a Arc<Shares>,
    /// The address of the client.
    pub(crate) ip: std::net::IpAddr,
}

/// The body of a request to an upstream.
pub(crate) enum RequestBody {
    /// There is none.
    Empty,
    /// One that was read ahead, at least in part.
    Some(Box<Upload>),
}

/// A body, of which the client may still be sending the rest.
pub(crate) struct Upload {
    ahead: VecDeque<Bytes>,
    // The memory of `ahead`.
    memory: Option<Held>,
    // None when the whole body was read.
    rest: Option<Incoming>,
    hint: SizeHint,
    left: u64,
    pace: Pace,
    waiting: Option<Waiting>,
    progress: Arc<Progress>,
}

/// The wait for the next frame of a client.
struct Waiting {
    since: Instant,
    limit: Pin<Box<Sleep>>,
}

/// How far a request body has come; shared with the task that waits for the response.
#[derive(Default)]
pub(crate) struct Progress {
    moved: AtomicBool,
    finished: AtomicBool,
    answered: AtomicBool,
    failure: AtomicU8,
}

/// Why a request body failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadError {
    /// It is larger than its route allows.
    TooLarge,
    /// The client is too slow.
    TooSlow,
    /// Its framing is invalid.
    Malformed,
    /// The client disconnected.
    Gone,
}

impl UploadError {
    /// RFC 9112 §7.1, §8: invalid chunks are an error of the client, other than a body that ends early.
    fn of(error: &hyper::Error) -> Self {
        let cause = std::error::Error::source(error);
        let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
        match io.map(io::Error::kind) {
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => Self::Malformed,
            _ => Self::Gone,
        }
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::TooLarge => Self::TooLarge,
            UploadError::TooSlow => Self::TooSlow,
            UploadError::Malformed => {
                Self::Malformed("The chunks of the request body are invalid.")
            }
            UploadError::Gone => Self::Gone,
        }
    }
}

impl Progress {
    /// Whether something came since the last call.
    pub(crate) fn has_moved(&self) -> bool {
        self.moved.swap(false, Ordering::Relaxed)
    }

    /// Whether the whole body has been read.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }

    /// Records that the upstream has answered.
    pub(crate) fn note_answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    pub(crate) fn failure(&self) -> Option<UploadError> {
        match self.failure.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(UploadError::TooLarge),
            2 => Some(UploadError::TooSlow),
            3 => Some(UploadError::Malformed),
            _ => Some(UploadError::Gone),
        }
    }

    fn fail(&self, error: UploadError) -> BoxError {
        let code = match error {
            UploadError::TooLarge => 1,
            UploadError::TooSlow => 2,
            UploadError::Malformed => 3,
            UploadError::Gone => 4,
        };
        self.failure.store(code, Ordering::Relaxed);
        "the request body ended early".into()
    }
}

impl RequestBody {
    /// The body of a request, read up to 64 KiB.
    pub(crate) async fn read(
        parts: &Parts,
        body: Incoming,
        limits: Limits<'_>,
    ) -> Result<Self, Refusal> {
        if body.is_end_stream() && !parts.headers.contains_key(TRANSFER_ENCODING) {
            return Ok(Self::Empty);
        }
        let hint = body.size_hint();
        if hint.lower() > limits.max_bytes {
            return Err(Refusal::TooLarge);
        }
        let expected = hint.exact().and_then(|size| usize::try_from(size).ok());
        let expected = expected.unwrap_or(READ_AHEAD).min(READ_AHEAD);
        let memory = limits.memory.take(limits.ip, expected + FRAME_BYTES);
        let memory = memory.map_err(|spent| match spent {
            Spent::All => Refusal::NoMemory,
            Spent::Share => Refusal::NetworkMemory,
        })?;
        let mut upload = Box::new(Upload {
            ahead: VecDeque::new(),
            memory: Some(memory),
            rest: Some(body),
            hint,
            left: limits.max_bytes,
            pace: Pace::of_sender(),
            waiting: None,
            progress: Arc::default(),
        });
        upload.read_ahead(limits.pause).await?;
        Ok(Self::Some(upload))
    }

    /// How far it has come; `None` when there is none.
    pub(crate) fn progress(&self) -> Option<Arc<Progress>> {
        match self {
            Self::Empty => None,
            Self::Some(upload) => Some(Arc::clone(&upload.progress)),
        }
    }
}

impl Upload {
    async fn read_ahead(&mut self, pause: Duration) -> Result<(), UploadError> {
        let mut read = 0;
        let mut small = Vec::new();
        while read < READ_AHEAD {
            let next = timeout(pause, std::future::poll_fn(|cx| self.poll_rest(cx)));
            let frame = match next.await {
                Err(_) => return Err(UploadError::TooSlow),
                Ok(None) => break,
                Ok(Some(Err(error))) => return Err(error),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            read += bytes.len();
            // Tiny frames are joined: each would hold a buffer of its own.
            if bytes.len() >= READ_AHEAD / 16 && small.is_empty() {
                self.ahead.push_back(bytes);
            } else {
                small.extend_from_slice(&bytes);
            }
        }
        if !small.is_empty() {
            self.ahead.push_back(small.into());
        }
        self.progress.moved.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// The next frame of the client.
    fn poll_rest(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let Some(body) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) else {
            return self.poll_wait(cx);
        };
        if let Some(waiting) = self.waiting.take() {
            self.pace.waited(waiting.since.elapsed());
        }
        let frame = match frame {
            None => {
                self.finish();
                return Poll::Ready(None);
            }
            Some(Err(error)) => return Poll::Ready(Some(Err(UploadError::of(&error)))),
            Some(Ok(frame)) => frame,
        };
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(left) = self.left.checked_sub(size as u64) else {
            return Poll::Ready(Some(Err(UploadError::TooLarge)));
        };
        self.left = left;
        self.pace.moved(size);
        self.progress.moved.store(true, Ordering::Relaxed);
        if body.is_end_stream() {
            self.finish();
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn poll_wait(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let left = self.pace.left();
        let waiting = self.waiting.get_or_insert_with(|| {
            let since = Instant::now();
            let limit = Box::pin(sleep_until(since + left));
            Waiting { since, limit }
        });
        ready!(waiting.limit.as_mut().poll(cx));
        Poll::Ready(Some(Err(UploadError::TooSlow)))
    }

    /// A body without a length has an end of its own, even when it is empty.
    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.rest.is_none() && self.hint.exact().is_some()
    }

    fn finish(&mut self) {
        self.rest = None;
        self.progress.finished.store(true, Ordering::Relaxed);
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(bytes) = self.ahead.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        self.memory = None;
        let frame = ready!(self.poll_rest(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(|error| self.progress.fail(error))))
    }
}

/// RFC 9113 §8.1 lets a server reset a stream whose response is complete before its request is, and RFC 9112 §9.3 close the
/// connection. Not every client knows, and takes the response for lost: so a little more of the request is read.
impl Drop for Upload {
    fn drop(&mut self) {
        if !self.progress.answered.load(Ordering::Relaxed) {
            return;
        }
        let unread = self.rest.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (unread, tokio::runtime::Handle::try_current()) {
            runtime.spawn(timeout(LEFT_OVER_TIME, discard(body)));
        }
    }
}

/// Reads what is left and keeps none of it.
async fn discard(mut body: Incoming) {
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
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Some(upload) => upload.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Some(upload) => upload.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            // Without a length the body stays one without a length.
            Self::Some(upload) => upload.hint,
        }
    }
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;
