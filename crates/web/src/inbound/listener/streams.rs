//! The streams of HTTP/2: each is a task, and takes up memory and a connection behind as long as it lives.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::activity::Request;

tokio::task_local! {
    /// The request of the stream, once its answer has begun.
    static ANSWERED: RefCell<Option<Request>>;
}

/// Keeps an answered request under way until its stream ends. HTTP/1.1 has no streams: there the connection's own bytes tell.
pub(super) fn keep(request: Request) {
    // Without a stream the request is dropped with the closure.
    let _ = ANSWERED.try_with(move |slot| slot.replace(Some(request)));
}

/// Runs streams. An answer of which the client takes no piece for this long is reset: nothing else would ever wake it, since a body
/// is asked for more only when there is room for it.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) patience: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let stream = Bounded {
            stream,
            patience: self.patience,
            limit: None,
        };
        tokio::spawn(ANSWERED.scope(RefCell::new(None), stream));
    }
}

pin_project! {
    struct Bounded<F> {
        #[pin]
        stream: F,
        patience: Duration,
        // Counts anew whenever the stream is woken by something else.
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
            tracing::debug!("an answer that nobody reads was dropped");
            return Poll::Ready(());
        }
        if this.stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if !ANSWERED.with(|request| request.borrow().is_some()) {
            return Poll::Pending;
        }
        let deadline = Instant::now() + *this.patience;
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
