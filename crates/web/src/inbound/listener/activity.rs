//! The activity of a connection, to tell slow and idle clients from busy ones.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

/// Frames of HTTP/2 that carry nothing (`PING` and its echo, `SETTINGS`) are written in pieces no larger than this.
const CONTROL_BYTES: usize = 64;
/// The maximum number of cancelled requests beyond the answered ones.
const MAX_CANCELLED: usize = 500;

/// Shared by the socket, the requests and the timer of one connection.
#[derive(Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

struct State {
    requests: usize,
    // Whether there was a request at all.
    has_asked: bool,
    many_at_once: bool,
    // Requests that the client cancelled before they were answered, minus the answered ones.
    cancelled: usize,
    quiet_since: Instant,
    // When the first of the requests in progress began, or the first that overlapped with it.
    busy_since: Instant,
    // When the first byte of an incomplete request head came.
    headers_since: Option<Instant>,
}

/// Why a connection should end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing wrong; check again after this time.
    CheckAgain(Duration),
    /// It does not complete its request, or cancels most of its requests.
    Slow,
    /// It has sent no request for too long.
    Idle,
}

/// Whether a connection could be closed without breaking off a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Without a complete request: silent, in its TLS handshake, in the middle of a request head, or kept alive.
    Idle(Instant),
    /// With requests in progress.
    Busy(Instant),
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            requests: 0,
            has_asked: false,
            many_at_once: false,
            cancelled: 0,
            quiet_since: Instant::now(),
            busy_since: Instant::now(),
            headers_since: None,
        })))
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Marks a request until the guard is dropped. `many_at_once` is HTTP/2, whose frames between
    /// requests are not the start of a request.
    pub(super) fn request(&self, many_at_once: bool) -> Request {
        self.with(|state| {
            if state.requests == 0 {
                state.busy_since = Instant::now();
            }
            state.requests += 1;
            state.has_asked = true;
            state.many_at_once = many_at_once;
            state.headers_since = None;
        });
        Request {
            activity: self.clone(),
            is_answered: false,
        }
    }

    /// Whether there is a request in progress, and since when.
    pub(super) fn standing(&self) -> Standing {
        self.with(|state| match state.requests {
            0 => Standing::Idle(state.quiet_since),
            _ => Standing::Busy(state.busy_since),
        })
    }

    /// Whether the client cancels most of its requests, which is cheap for it and expensive for the server (CVE-2023-44487).
    pub(super) fn is_reset_flood(&self) -> bool {
        self.with(|state| state.cancelled > MAX_CANCELLED)
    }

    fn bytes_came(&self) {
        self.with(|state| {
            if state.requests == 0 && !state.many_at_once && state.headers_since.is_none() {
                state.headers_since = Some(Instant::now());
            }
        });
    }

    /// A connection is not idle while the client reads a long response.
    fn note(&self, written: &Poll<io::Result<usize>>) {
        let Poll::Ready(Ok(size @ 1..)) = *written else {
            return;
        };
        self.with(|state| {
            // A connection with nothing but control frames is idle.
            if state.many_at_once && size <= CONTROL_BYTES {
                return;
            }
            let now = Instant::now();
            state.quiet_since = now;
            // Bytes that came during a response belong to an upload, or to the next request, which has to wait.
            state.headers_since = state.headers_since.map(|_| now);
        });
    }

    pub(super) fn judge(&self, header_timeout: Duration, idle_timeout: Duration) -> Verdict {
        self.with(|state| {
            if state.cancelled > MAX_CANCELLED {
                return Verdict::Slow;
            }
            if state.requests > 0 {
                return Verdict::CheckAgain(header_timeout);
            }
            let (since, limit, over) = match state.headers_since {
                Some(since) => (since, header_timeout, Verdict::Slow),
                None if state.has_asked => (state.quiet_since, idle_timeout, Verdict::Idle),
                // The idle timeout is for clients that have sent a request: an unused connection costs a client nothing.
                None => (state.quiet_since, header_timeout, Verdict::Idle),
            };
            match limit.checked_sub(since.elapsed()) {
                // A request that begins in between must be checked within its own timeout.
                Some(left) if !left.is_zero() => Verdict::CheckAgain(left.min(header_timeout)),
                _ => over,
            }
        })
    }
}

/// A request in progress.
pub(super) struct Request {
    activity: Activity,
    is_answered: bool,
}

impl Request {
    /// Its response begins.
    pub(super) fn answered(&mut self) {
        self.is_answered = true;
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.activity.with(|state| {
            state.cancelled = match self.is_answered {
                true => state.cancelled.saturating_sub(1),
                false => state.cancelled.saturating_add(1),
            };
            state.requests = state.requests.saturating_sub(1);
            state.quiet_since = Instant::now();
        });
    }
}

/// A socket that reports reads and writes.
pub(super) struct Watched<I> {
    io: I,
    activity: Activity,
}

impl<I> Watched<I> {
    pub(super) fn new(io: I, activity: Activity) -> Self {
        Self { io, activity }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if polled.is_ready() && buf.filled().len() > before {
            self.activity.bytes_came();
        }
        polled
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, buf);
        self.activity.note(&polled);
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.activity.note(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(60);

    async fn after(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_becomes_idle() {
        let activity = Activity::new();
        drop(activity.request(false));
        after(59).await;
        assert_eq!(
            activity.judge(HEADERS, IDLE),
            Verdict::CheckAgain(Duration::from_secs(1))
        );
        after(1).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_any_request_has_the_shorter_timeout() {
        let activity = Activity::new();
        after(9).await;
        let left = Verdict::CheckAgain(Duration::from_secs(1));
        assert_eq!(activity.judge(HEADERS, IDLE), left);
        after(1).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_headers_do_not_extend_the_timeout() {
        let activity = Activity::new();
        for _ in 0..10 {
            activity.bytes_came();
            after(1).await;
        }
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Slow);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_under_way_may_take_its_time() {
        let activity = Activity::new();
        activity.bytes_came();
        let request = activity.request(false);
        after(600).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::CheckAgain(HEADERS));
        drop(request);
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::CheckAgain(HEADERS));
        after(60).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_still_read_is_no_rest() {
        let activity = Activity::new();
        drop(activity.request(false));
        for written in [1, 0] {
            after(50).await;
            activity.note(&Poll::Ready(Ok(written)));
        }
        let left = Verdict::CheckAgain(HEADERS);
        assert_eq!(activity.judge(HEADERS, IDLE), left);
        after(10).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn pings_do_not_keep_a_resting_http2_connection_awake() {
        let activity = Activity::new();
        drop(activity.request(true));
        for _ in 0..3 {
            after(20).await;
            activity.note(&Poll::Ready(Ok(17)));
        }
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_during_its_answer_is_no_slow_request() {
        let activity = Activity::new();
        drop(activity.request(false));
        for _ in 0..5 {
            activity.bytes_came();
            after(9).await;
            activity.note(&Poll::Ready(Ok(1)));
        }
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::CheckAgain(HEADERS));
        after(10).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Slow);
    }

    #[test]
    fn answered_requests_offset_cancelled_ones() {
        let activity = Activity::new();
        for _ in 0..4 * MAX_CANCELLED {
            drop(activity.request(true));
            let mut answered = activity.request(true);
            answered.answered();
        }
        assert!(!activity.is_reset_flood());
        for _ in 0..=MAX_CANCELLED {
            drop(activity.request(true));
        }
        assert!(activity.is_reset_flood());
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Slow);
    }

    #[tokio::test(start_paused = true)]
    async fn http2_frames_between_requests_are_not_a_slow_request() {
        let activity = Activity::new();
        drop(activity.request(true));
        activity.bytes_came();
        after(30).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::CheckAgain(HEADERS));
    }
}
