//! One connection, from its first byte to its end.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Version;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::ListenerConfig;
use super::activity::{Activity, Verdict, Watched};
use crate::inbound::client_address::Peer;

const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_STREAMS: u32 = 128;

/// What all connections of a listener share.
pub(super) struct Connections {
    router: Router,
    http: Builder<TokioExecutor>,
    header_timeout: Duration,
    idle_timeout: Duration,
}

impl Connections {
    pub(super) fn new(router: Router, config: &ListenerConfig) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
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
            router,
            http,
            header_timeout: config.header_timeout,
            idle_timeout: config.idle_timeout,
        }
    }

    /// Serves requests until the client leaves, is too slow, has nothing to ask, or `stop`.
    pub(super) async fn drive<I>(&self, io: I, peer: Peer, stop: &CancellationToken)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new();
        let io = TokioIo::new(Watched::new(io, activity.clone()));
        let service = service_fn(|mut request: Request<Incoming>| {
            let under_way = activity.request(request.version() == Version::HTTP_2);
            request.extensions_mut().insert(peer);
            let answer = self.router.clone().call(request.map(Body::new));
            async move {
                let answer = answer.await;
                drop(under_way);
                answer
            }
        });
        let mut connection = pin!(self.http.serve_connection(io, service));
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
