//! One layer around the whole router: request id, client address, headers, metrics, log line, timeout, panics.
//!
//! It is one layer and not ten because each layer of a router costs an allocation and a copy of the request.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, HttpBody as _},
    extract::{DefaultBodyLimit, MatchedPath, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_LENGTH};
use ipnet::IpNet;
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower::{Layer, Service};
use tracing::Span;

use super::{
    body::MAX_BODY_BYTES,
    body_budget::{BodyBudget, OpenBody},
    client_address::{ClientAddress, Peer, is_trusted_proxy},
    headers::harden,
    host,
    measure::{Measures, NO_ROUTE, method_label},
    problem::Problem,
    request_id::{HEADER, RequestId, RequestIds},
};
use crate::{log::REFUSED, metric_names};

/// How requests are received.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// Proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Request-Id` are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the issuer is https, so that HSTS may be sent.
    pub https: bool,
    /// After this time a request is answered with 503.
    pub request_timeout: Duration,
    /// The start of the request ids; random in production.
    pub request_id_seed: u64,
}

impl Inbound {
    /// Settings without a proxy, with a timeout of 30 s.
    #[must_use]
    pub fn new(https: bool, request_id_seed: u64) -> Self {
        Self {
            trusted_proxies: Vec::new(),
            https,
            request_timeout: Duration::from_secs(30),
            request_id_seed,
        }
    }

    /// The router with the layer around all its routes and its fallback.
    ///
    /// Call it last: routes added afterwards are not covered.
    pub fn wrap(self, router: Router) -> Router {
        router.layer(InboundLayer(Arc::new(Shared {
            ids: RequestIds::new(self.request_id_seed),
            measures: Measures::default(),
            bodies: BodyBudget::new(),
            settings: self,
        })))
    }
}

struct Shared {
    settings: Inbound,
    ids: RequestIds,
    measures: Measures,
    bodies: Arc<BodyBudget>,
}

impl Shared {
    /// Checks the head of a request, and charges its body to the budget before anything of it is read.
    fn admit(&self, request: &mut Request, client: ClientAddress) -> Result<Charge, Box<Response>> {
        host::check(request).map_err(|error| {
            let problem = Problem::new(StatusCode::BAD_REQUEST, "Bad request");
            Box::new(problem.detail(error.to_string()).into_response())
        })?;
        if request.body().is_end_stream() {
            return Ok(None);
        }
        // For the extractors of axum, such as `Json`; forms have their own bound.
        DefaultBodyLimit::max(MAX_BODY_BYTES).apply(request);
        let open = self.bodies.open(client.ip, request);
        let open = open.ok_or_else(|| Box::new(too_many_bodies()))?;
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = open.charge(body);
        Ok(Some(open))
    }

    /// A new id, or the one that a trusted proxy assigned. The id of any other client is ignored.
    fn id(&self, peer: Option<&Peer>, headers: &HeaderMap) -> RequestId {
        let given = headers
            .get(HEADER)
            .and_then(|value| RequestId::parse(value.as_bytes()));
        match given {
            Some(id) if is_trusted_proxy(peer, &self.settings.trusted_proxies) => id,
            _ => self.ids.next(),
        }
    }
}

type Charge = Option<Arc<OpenBody>>;

#[derive(Clone)]
struct InboundLayer(Arc<Shared>);

impl<S> Layer<S> for InboundLayer {
    type Service = InboundService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        InboundService {
            inner,
            shared: Arc::clone(&self.0),
        }
    }
}

#[derive(Clone)]
struct InboundService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Service<Request> for InboundService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Receiving<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let settings = &self.shared.settings;
        let extensions = request.extensions();
        let route = extensions.get::<MatchedPath>().cloned();
        let peer = extensions.get::<Peer>();
        let id = self.shared.id(peer, request.headers());
        let client = ClientAddress::resolve(peer, request.headers(), &settings.trusted_proxies);
        let method = method_label(request.method());
        let head = *request.method() == Method::HEAD;
        request.extensions_mut().insert(id);
        request.extensions_mut().insert(client);
        let template = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
        // What is logged in the course of the request is logged with these fields.
        let span = tracing::info_span!(
            "request",
            request_id = id.as_str(),
            method,
            route = template
        );
        let (inner, charge, refused) = match self.shared.admit(&mut request, client) {
            Ok(charge) => {
                let inner = span.in_scope(|| self.inner.call(request));
                (Some(inner), charge, None)
            }
            Err(refused) => (None, None, Some(*refused)),
        };
        Receiving {
            limit: tokio::time::sleep(settings.request_timeout),
            inner,
            refused,
            charge,
            in_progress: InProgress {
                shared: Arc::clone(&self.shared),
                started: Instant::now(),
                id,
                method,
                head,
                route,
                span,
            },
        }
    }
}

struct InProgress {
    shared: Arc<Shared>,
    started: Instant,
    id: RequestId,
    method: &'static str,
    head: bool,
    route: Option<MatchedPath>,
    span: Span,
}

/// An extension of a response whose refusal the handler has logged with its cause: one line for a request is enough.
#[derive(Clone, Copy)]
pub struct Logged;

pin_project! {
    struct Receiving<F> {
        // None: refused.
        #[pin]
        inner: Option<F>,
        refused: Option<Response>,
        charge: Charge,
        // Free until polled, which happens only when the handler has to wait.
        #[pin]
        limit: Sleep,
        in_progress: InProgress,
    }
}

impl<F> Future for Receiving<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            let refused = this.refused.take().unwrap_or_default();
            return Poll::Ready(Ok(this.in_progress.finish(refused)));
        };
        let entered = this.in_progress.span.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| inner.poll(cx)));
        drop(entered);
        let response = match polled {
            Ok(Poll::Ready(Ok(response))) => response,
            Ok(Poll::Pending) => match this.limit.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => too_slow(),
            },
            Err(_) => this.in_progress.panicked(),
        };
        let is_refused = this.charge.take().is_some_and(|body| body.is_refused());
        let response = if is_refused {
            too_many_bodies()
        } else {
            response
        };
        Poll::Ready(Ok(this.in_progress.finish(response)))
    }
}

fn too_slow() -> Response {
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The request timed out");
    ([("retry-after", "1")], problem).into_response()
}

fn too_many_bodies() -> Response {
    metrics::counter!(metric_names::HTTP_BODIES_REFUSED).increment(1);
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The server is busy")
        .detail("too many request bodies are in progress; retry after 1 second");
    ([("retry-after", "1")], problem).into_response()
}

impl InProgress {
    fn route(&self) -> &str {
        self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str)
    }

    fn panicked(&self) -> Response {
        tracing::error!(request_id = %self.id, route = self.route(), "a handler panicked");
        Problem::internal().into_response()
    }

    fn finish(&self, mut response: Response) -> Response {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            self.correlate(problem, &mut response);
        }
        let headers = response.headers_mut();
        harden(headers, self.shared.settings.https);
        if let Some(value) = self.id.header_value() {
            headers.insert(HEADER, value);
        }
        let took = self.started.elapsed();
        let status = response.status();
        self.shared
            .measures
            .record(self.route(), self.method, status, took);
        let is_logged = response.extensions_mut().remove::<Logged>().is_some();
        self.log(status, took, is_logged);
        response
    }

    fn correlate(&self, problem: Problem, response: &mut Response) {
        if self.head {
            return;
        }
        let body = problem.correlated(self.id).body();
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        *response.body_mut() = Body::from(body);
    }

    /// One line per request, outside of its span, whose fields it has: the template of the route, never the path, the query or a header.
    fn log(&self, status: StatusCode, took: Duration, is_logged: bool) {
        let (request_id, method, route) = (self.id, self.method, self.route());
        let status = status.as_u16();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if status >= 500 {
            tracing::info!(parent: None, %request_id, method, route, status, micros, "request");
        } else if status >= 400 && !is_logged {
            tracing::info!(target: REFUSED, parent: None, %request_id, method, route, status, micros, "request");
        } else {
            tracing::debug!(parent: None, %request_id, method, route, status, micros, "request");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
