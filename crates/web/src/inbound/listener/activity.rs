//! What a connection is doing, so that slow and idle clients can be told from busy ones.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Frames of HTTP/2 that carry nothing (`PING` and its echo, `SETTINGS`) are written in pieces no larger than this.
const CONTROL_BYTES: usize = 64;
/// So many more requests given up than answered are no accident.
const MAX_GIVEN_UP: usize = 500;

/// Shared by the socket, the requests and the watch of one connection.
#[derive(Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

struct State {
    requests: usize,
    // Whether there was a request at all.
    has_asked: bool,
    many_at_once: bool,
    // Requests that the client took back before they were answered, less those that were.
    given_up: usize,
    quiet_since: Instant,
    // The first byte of a request that isn't complete.
    headers_since: Option<Instant>,
}

/// Why a connection should end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing wrong; look again after this time.
    LookAgain(Duration),
    /// It began a request and doesn't finish it, or takes back all it asks.
    Slow,
    /// It has nothing to ask.
    Idle,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            requests: 0,
            has_asked: false,
            many_at_once: false,
            given_up: 0,
            quiet_since: Instant::now(),
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

    /// Whether the client asks only to take it back, which costs it nothing and the server much (CVE-2023-44487).
    pub(super) fn is_mischief(&self) -> bool {
        self.with(|state| state.given_up > MAX_GIVEN_UP)
    }

    fn bytes_came(&self) {
        self.with(|state| {
            if state.requests == 0 && !state.many_at_once && state.headers_since.is_none() {
                state.headers_since = Some(Instant::now());
            }
        });
    }

    /// A long answer to a reader that keeps reading is no rest.
    fn note(&self, written: &Poll<io::Result<usize>>) {
        let Poll::Ready(Ok(size @ 1..)) = *written else {
            return;
        };
        self.with(|state| {
            // A connection over which nothing but pings go is at rest.
            if state.many_at_once && size <= CONTROL_BYTES {
                return;
            }
            let now = Instant::now();
            state.quiet_since = now;
            // What came during an answer is its client's upload, or the next request, which waits for its turn.
            state.headers_since = state.headers_since.map(|_| now);
        });
    }

    pub(super) fn judge(&self, header_timeout: Duration, idle_timeout: Duration) -> Verdict {
        self.with(|state| {
            if state.given_up > MAX_GIVEN_UP {
                return Verdict::Slow;
            }
            if state.requests > 0 {
                return Verdict::LookAgain(header_timeout);
            }
            let (since, limit, over) = match state.headers_since {
                Some(since) => (since, header_timeout, Verdict::Slow),
                None if state.has_asked => (state.quiet_since, idle_timeout, Verdict::Idle),
                // Rest is for those who work: a socket that only stands open costs a stranger nothing.
                None => (state.quiet_since, header_timeout, Verdict::Idle),
            };
            match limit.checked_sub(since.elapsed()) {
                // A request that begins meanwhile is judged no later than its own time allows.
                Some(left) if !left.is_zero() => Verdict::LookAgain(left.min(header_timeout)),
                _ => over,
            }
        })
    }
}

/// A request under way.
pub(super) struct Request {
    activity: Activity,
    is_answered: bool,
}

impl Request {
    /// Its answer begins.
    pub(super) fn answered(&mut self) {
        self.is_answered = true;
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.activity.with(|state| {
            state.given_up = match self.is_answered {
                true => state.given_up.saturating_sub(1),
                false => state.given_up.saturating_add(1),
            };
            state.requests = state.requests.saturating_sub(1);
            state.quiet_since = Instant::now();
        });
    }
}

/// A socket that tells when bytes come and go.
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
    async fn a_quiet_connection_is_idle_in_the_end() {
        let activity = Activity::new();
        drop(activity.request(false));
        after(59).await;
        assert_eq!(
            activity.judge(HEADERS, IDLE),
            Verdict::LookAgain(Duration::from_secs(1))
        );
        after(1).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_never_asks_gets_no_time_to_rest() {
        let activity = Activity::new();
        after(9).await;
        let left = Verdict::LookAgain(Duration::from_secs(1));
        assert_eq!(activity.judge(HEADERS, IDLE), left);
        after(1).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn dripping_headers_does_not_win_time() {
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
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::LookAgain(HEADERS));
        drop(request);
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::LookAgain(HEADERS));
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
        let left = Verdict::LookAgain(HEADERS);
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
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::LookAgain(HEADERS));
        after(10).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Slow);
    }

    #[test]
    fn answers_make_up_for_requests_that_were_given_up() {
        let activity = Activity::new();
        for _ in 0..4 * MAX_GIVEN_UP {
            drop(activity.request(true));
            let mut answered = activity.request(true);
            answered.answered();
        }
        assert!(!activity.is_mischief());
        for _ in 0..=MAX_GIVEN_UP {
            drop(activity.request(true));
        }
        assert!(activity.is_mischief());
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::Slow);
    }

    #[tokio::test(start_paused = true)]
    async fn http2_frames_between_requests_are_not_a_slow_request() {
        let activity = Activity::new();
        drop(activity.request(true));
        activity.bytes_came();
        after(30).await;
        assert_eq!(activity.judge(HEADERS, IDLE), Verdict::LookAgain(HEADERS));
    }
}
