//! One connection, from its first byte to its end.

use std::any::Any;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::{BoxError, Router};
use http::header::UPGRADE;
use http::{Response, Version};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::Service;

use super::ListenerConfig;
use super::activity::{Activity, Verdict, Watched};
use super::streams::{self, Streams};
use crate::inbound::client_address::Peer;
use crate::inbound::client_certificate::ClientCertificate;

const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_STREAMS: u32 = 128;

/// What stands behind a listener: a router, or a service that wants the requests as they come.
pub trait Answers: Clone + Send + Sync + 'static {
    /// The bodies of its answers.
    type Body: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static;

    /// The answer to a request.
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

/// The room that a connection takes up. Who takes the connection over from HTTP (an upgrade) finds it among the request's
/// extensions and keeps it as long as the connection stands, so that it goes on being counted and waited for.
#[derive(Clone)]
pub struct Place(Arc<Held>);

struct Held {
    _room: Box<dyn Any + Send + Sync>,
    _tracked: TaskTrackerToken,
    abort: CancellationToken,
}

impl Place {
    pub(super) fn new(
        room: impl Any + Send + Sync,
        tasks: &TaskTracker,
        abort: &CancellationToken,
    ) -> Self {
        Self(Arc::new(Held {
            _room: Box::new(room),
            _tracked: tasks.token(),
            abort: abort.clone(),
        }))
    }

    /// Ends when the listener has waited long enough, and whoever still holds a connection must let go.
    pub async fn cut_off(&self) {
        self.0.abort.cancelled().await;
    }
}

/// Who is at the other end.
pub(super) struct Caller {
    peer: Peer,
    certificate: Option<ClientCertificate>,
    place: Place,
}

impl Caller {
    pub(super) fn new(peer: Peer, place: Place) -> Self {
        Self {
            peer,
            certificate: None,
            place,
        }
    }

    pub(super) fn with(self, certificate: Option<ClientCertificate>) -> Self {
        Self {
            certificate,
            ..self
        }
    }

    fn introduce<B>(&self, request: &mut Request<B>) {
        let upgrades = request.headers().contains_key(UPGRADE);
        let extensions = request.extensions_mut();
        extensions.insert(self.peer);
        if let Some(certificate) = &self.certificate {
            extensions.insert(certificate.clone());
        }
        if upgrades {
            extensions.insert(self.place.clone());
        }
    }
}

/// Lets whoever is ready go first: answers that are written together wake a client, or the proxy before it, once, and to wake it is
/// dearer than all the rest of a write. Tokio's own `yield_now` would set the task aside where no idle thread finds it.
async fn step_back() {
    let mut stepped = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut stepped, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Why a request isn't even looked at.
#[derive(Debug, thiserror::Error)]
#[error("the client takes back what it asks")]
struct Mischief;

/// What all connections of a listener share.
pub(super) struct Connections<A> {
    service: A,
    http: Builder<Streams>,
    header_timeout: Duration,
    idle_timeout: Duration,
}

impl<A: Answers> Connections<A> {
    pub(super) fn new(service: A, config: &ListenerConfig) -> Self {
        let mut http = Builder::new(Streams {
            patience: config.idle_timeout,
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
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20));
        Self {
            service,
            http,
            header_timeout: config.header_timeout,
            idle_timeout: config.idle_timeout,
        }
    }

    /// Serves requests until the client leaves, is too slow, has nothing to ask, or `stop`.
    pub(super) async fn drive<I>(&self, io: I, caller: Caller, stop: &CancellationToken)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new();
        let io = TokioIo::new(Watched::new(io, activity.clone()));
        let service = service_fn(|mut request: Request<Incoming>| {
            let is_refused = activity.is_mischief();
            let mut under_way = activity.request(request.version() == Version::HTTP_2);
            caller.introduce(&mut request);
            let answer = (!is_refused).then(|| self.service.answer(request));
            async move {
                let answer = answer.ok_or(Mischief)?.await;
                step_back().await;
                under_way.answered();
                streams::keep(under_way);
                Ok::<_, Mischief>(answer)
            }
        });
        let mut connection = pin!(self.http.serve_connection_with_upgrades(io, service));
        let mut closing = false;
        let mut look = pin!(tokio::time::sleep(self.header_timeout));
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
                () = look.as_mut() => {
                    let wait = match activity.judge(self.header_timeout, self.idle_timeout) {
                        Verdict::LookAgain(wait) => wait,
                        Verdict::Slow => return tracing::debug!("a slow client was dropped"),
                        // It was told to go and doesn't read what it asked for.
                        Verdict::Idle if closing => return,
                        Verdict::Idle => {
                            closing = true;
                            connection.as_mut().graceful_shutdown();
                            self.header_timeout
                        }
                    };
                    look.as_mut().reset(tokio::time::Instant::now() + wait);
                }
            }
        }
    }
}
