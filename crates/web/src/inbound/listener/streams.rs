//! HTTP/2 streams: each is a task, which holds memory and possibly a connection to an upstream.

use std::{
    cell::RefCell,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::activity::Request;

tokio::task_local! {
    /// The request of the stream, once its response has begun.
    static ANSWERED: RefCell<Option<Request>>;
}

/// Keeps an answered request in progress until its stream ends. HTTP/1.1 has no streams; there the bytes on the connection
/// count.
pub(super) fn keep(request: Request) {
    // Without a stream the request is dropped with the closure.
    let _ = ANSWERED.try_with(move |slot| slot.replace(Some(request)));
}

/// Runs streams. A response of which the client reads nothing for `stall_timeout` is reset: nothing else would wake its task,
/// since a body is polled only when the flow-control window has room.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) stall_timeout: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let stream = Bounded {
            stream,
            stall_timeout: self.stall_timeout,
            limit: None,
        };
        tokio::spawn(ANSWERED.scope(RefCell::new(None), stream));
    }
}

pin_project! {
    struct Bounded<F> {
        #[pin]
        stream: F,
        stall_timeout: Duration,
        // Restarts when the stream is woken by something else.
        #[pin]
        limit: Option<Sleep>,
    }
}

impl<F: Future<Output = ()>> Future for Bounded<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if let Some(limit) = this.limit.as_mut().as_pin_mut()
            && limit.poll(cx).is_ready()
        {
            tracing::debug!("dropped a response that the client does not read");
            return Poll::Ready(());
        }
        if this.stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if !ANSWERED.with(|request| request.borrow().is_some()) {
            return Poll::Pending;
        }
        let deadline = Instant::now() + *this.stall_timeout;
        match this.limit.as_mut().as_pin_mut() {
            Some(limit) => limit.reset(deadline),
            None => this.limit.set(Some(tokio::time::sleep_until(deadline))),
        }
        match this.limit.as_pin_mut().map(|limit| limit.poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }
}
