//! One connection, from its first byte to its end.

use std::{pin::pin, sync::Arc, task::Poll, time::Duration};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
};
use http::{Response, Version, header::UPGRADE};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};
use tower::Service;

use super::{
    ListenerConfig,
    activity::{Activity, Request as InProgress, Verdict, Watched},
    slots::Slot,
    streams::{self, Streams},
};
use crate::inbound::{client_address::Peer, client_certificate::ClientCertificate, host};

const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// Streams of a connection at one time. Each can hold a header and a body.
const MAX_STREAMS: u32 = 32;
/// What a client may send of one body before the handler reads it.
const STREAM_WINDOW: u32 = 64 * 1024;
/// What a client may send of all bodies of a connection before their handlers read them.
const CONNECTION_WINDOW: u32 = 128 * 1024;
/// What is kept of a response that the client does not read.
const SEND_BUFFER: usize = 64 * 1024;

/// The service of a listener: a router, or a service that takes requests with hyper's body.
pub trait Answers: Clone + Send + Sync + 'static {
    /// The body of its responses.
    type Body: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static;

    /// Answers a request.
    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send + 'static;
}

impl Answers for Router {
    type Body = Body;

    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Body>> + Send + 'static {
        let answer = self.clone().call(request.map(Body::new));
        async move {
            match answer.await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    }
}

/// The slot of a connection. After an upgrade, the new owner of the connection takes it from the request's extensions and
/// keeps it as long as the connection exists, so that the connection is still counted and waited for.
#[derive(Clone)]
pub struct Place {
    held: Arc<Held>,
    // An upgraded connection is not idle.
    _in_progress: Arc<InProgress>,
}

pub(super) struct Held {
    _slot: Slot,
    _tracked: TaskTrackerToken,
    activity: Activity,
    close: CancellationToken,
}

impl Held {
    /// `close` ends the connection.
    pub(super) fn new(
        slot: Slot,
        tasks: &TaskTracker,
        activity: Activity,
        close: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            _slot: slot,
            _tracked: tasks.token(),
            activity,
            close,
        })
    }

    /// Completes when the connection must be closed.
    pub(super) async fn closed(&self) {
        self.close.cancelled().await;
    }
}

impl Place {
    fn of(held: &Arc<Held>, is_http2: bool) -> Self {
        let mut in_progress = held.activity.request(is_http2);
        // It does not count as cancelled when it ends.
        in_progress.answered();
        Self {
            held: Arc::clone(held),
            _in_progress: Arc::new(in_progress),
        }
    }

    /// Completes when the connection must be closed: at the shutdown deadline, or because another one needs its slot.
    pub async fn cut_off(&self) {
        self.held.closed().await;
    }
}

/// The client of a connection.
pub(super) struct Caller {
    peer: Peer,
    certificate: Option<ClientCertificate>,
    held: Arc<Held>,
}

impl Caller {
    pub(super) fn new(peer: Peer, held: Arc<Held>) -> Self {
        Self {
            peer,
            certificate: None,
            held,
        }
    }

    /// Completes when the connection must be closed.
    pub(super) async fn closed(&self) {
        self.held.closed().await;
    }

    pub(super) fn with(self, certificate: Option<ClientCertificate>) -> Self {
        Self {
            certificate,
            ..self
        }
    }

    fn add_extensions<B>(&self, request: &mut Request<B>) {
        let is_http2 = request.version() == Version::HTTP_2;
        let upgrades = request.headers().contains_key(UPGRADE);
        let extensions = request.extensions_mut();
        extensions.insert(self.peer);
        if let Some(certificate) = &self.certificate {
            extensions.insert(certificate.clone());
        }
        if upgrades {
            extensions.insert(Place::of(&self.held, is_http2));
        }
    }
}

/// Lets other ready tasks run first: responses that are written together wake the client, or the proxy in front of it, only
/// once, and the wake-up is the most expensive part of a write. Tokio's `yield_now` would defer the task to where no idle
/// thread finds it.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Why a request is not handled.
#[derive(Debug, thiserror::Error)]
#[error("the client cancels most of its requests")]
struct ResetFlood;

/// Shared by all connections of a listener.
pub(super) struct Connections<A> {
    service: A,
    http: Builder<Streams>,
    header_timeout: Duration,
    idle_timeout: Duration,
}

impl<A: Answers> Connections<A> {
    pub(super) fn new(service: A, config: &ListenerConfig) -> Self {
        let mut http = Builder::new(Streams {
            stall_timeout: config.idle_timeout,
        });
        // hyper's own header timeout would also end idle connections; `Activity` tells them apart.
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_buf_size(MAX_HEADER_BYTES)
            .max_headers(MAX_HEADERS);
        http.http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(MAX_HEADER_BYTES).unwrap_or(u32::MAX))
            .max_concurrent_streams(MAX_STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20));
        Self {
            service,
            http,
            header_timeout: config.header_timeout,
            idle_timeout: config.idle_timeout,
        }
    }

    /// Serves requests until the client disconnects, is too slow or idle, or until `stop`.
    pub(super) async fn drive<I>(&self, io: I, caller: &Caller, stop: &CancellationToken)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = caller.held.activity.clone();
        let io = TokioIo::new(Watched::new(io, activity.clone()));
        let service = service_fn(|mut request: Request<Incoming>| {
            let is_refused = activity.is_reset_flood();
            let mut in_progress = activity.request(request.version() == Version::HTTP_2);
            caller.add_extensions(&mut request);
            host::mark_missing(&mut request);
            let answer = (!is_refused).then(|| self.service.answer(request));
            async move {
                let answer = answer.ok_or(ResetFlood)?.await;
                yield_once().await;
                in_progress.answered();
                streams::keep(in_progress);
                Ok::<_, ResetFlood>(answer)
            }
        });
        let mut connection = pin!(self.http.serve_connection_with_upgrades(io, service));
        let mut closing = false;
        let mut check = pin!(tokio::time::sleep(self.header_timeout));
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended");
                    }
                    return;
                }
                () = stop.cancelled(), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = check.as_mut() => {
                    let wait = match activity.judge(self.header_timeout, self.idle_timeout) {
                        Verdict::CheckAgain(wait) => wait,
                        Verdict::Slow => return tracing::debug!("dropped a slow client"),
                        // It does not close after GOAWAY, or does not read its response.
                        Verdict::Idle if closing => return,
                        Verdict::Idle => {
                            closing = true;
                            connection.as_mut().graceful_shutdown();
                            self.header_timeout
                        }
                    };
                    check.as_mut().reset(tokio::time::Instant::now() + wait);
                }
            }
        }
    }
}
