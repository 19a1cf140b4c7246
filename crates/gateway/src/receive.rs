//! A request on its way in: judged step by step, each of which may refuse it.

use std::sync::Arc;
use std::time::Instant;

use cardea_web::inbound::{ClientAddress, Peer, RequestId};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::{Body as _, Incoming};

use crate::body::{RequestBody, ResponseBody};
use crate::checked::Host;
use crate::gateway::Shared;
use crate::measure;
use crate::outgoing::Outgoing;
use crate::path;
use crate::refusal::Refusal;
use crate::response;
use crate::table::{Route, Table};
use crate::{telemetry, tunnel};

/// What becomes known of a request on its way.
struct Seen {
    id: RequestId,
    client: ClientAddress,
    route: Option<Arc<Route>>,
}

/// Answers one request.
pub(crate) async fn receive(shared: &Shared, request: Request<Incoming>) -> Response<ResponseBody> {
    let started = Instant::now();
    let table = shared.table.load_full();
    let peer = request.extensions().get::<Peer>();
    let mut seen = Seen {
        id: shared.ids.next(),
        client: ClientAddress::resolve(peer, request.headers(), &table.trusted),
        route: None,
    };
    let method = request.method().clone();
    let mut response = match handle(shared, &table, &mut seen, request).await {
        Ok(response) => response,
        Err(refusal) => refuse(&refusal, &seen),
    };
    response::harden(response.headers_mut(), &table, seen.client.https, seen.id);
    finish(&seen, &method, response.status(), started);
    response
}

async fn handle(
    shared: &Shared,
    table: &Table,
    seen: &mut Seen,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Refusal> {
    let raw = request.uri().path();
    if let Some(asked) = raw.strip_prefix(&*table.health) {
        match asked {
            "/live" => return Ok(plain("live\n")),
            "/ready" => return Ok(ready(shared)),
            _ => {}
        }
    }
    // RFC 9110 §9.3.6, §9.3.8: CONNECT asks for a tunnel to anywhere, TRACE sends credentials back.
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Refusal::Method);
    }
    frame(request.headers())?;
    let host = host(table, &request, seen.client.https)?;
    let path = path::read(raw)?;
    if *path == *table.metrics && table.may_read_metrics(seen.client.ip) {
        return Ok(telemetry::page());
    }
    let route = table.route(&path).ok_or(Refusal::NoRoute)?;
    seen.route = Some(Arc::clone(route));
    let decision = route
        .limiter
        .as_ref()
        .map(|limiter| limiter.check_address(&seen.client));
    if let Some(decision) = decision.filter(|decision| !decision.allowed) {
        return Err(Refusal::TooMany(decision));
    }
    let mut response = pass_on(table, seen, route, host, request).await?;
    if let Some(decision) = decision {
        decision.write(response.headers_mut());
    }
    Ok(response)
}

async fn pass_on(
    table: &Table,
    seen: &Seen,
    route: &Route,
    host: &Host,
    mut request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Refusal> {
    let websocket = is_websocket(&request);
    let client = websocket.then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let outgoing = Outgoing {
        parts: &parts,
        route,
        host,
        private: &table.private,
        client: seen.client,
        id: seen.id,
        websocket,
    };
    let mut response = match client {
        Some(client) => tunnel::open(&outgoing, client).await?,
        None => {
            let body = bounded(&parts, body, route.max_body_bytes)?;
            route.upstream.send(&outgoing, body, &route.times).await?
        }
    };
    response::frame(&mut response, websocket)?;
    response::hand_on(&mut response, table, route);
    Ok(response)
}

/// What could be read as two different messages by two servers. Of `Transfer-Encoding` and `Content-Length` together hyper has thrown
/// the length away already, and one frame of our own is passed on.
fn frame(headers: &HeaderMap) -> Result<(), Refusal> {
    // RFC 9110 §8.6: HTTP/1.1 lets no two lengths come this far, HTTP/2 does.
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let first = lengths.next();
    if lengths.any(|length| Some(length) != first) {
        return Err(Refusal::Malformed("it has more than one length"));
    }
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(encoding) = encodings.next() else {
        return Ok(());
    };
    // RFC 9112 §6.1: what isn't understood is not passed on.
    if encodings.next().is_some() || !encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Err(Refusal::Malformed(
            "its transfer encoding is not chunked alone",
        ));
    }
    Ok(())
}

/// RFC 9112 §3.2: exactly one host, and the one in the request's target counts.
fn host<'a, B>(table: &'a Table, request: &Request<B>, https: bool) -> Result<&'a Host, Refusal> {
    let mut lines = request.headers().get_all(HOST).iter();
    let line = lines.next().map(HeaderValue::as_bytes);
    if lines.next().is_some() {
        return Err(Refusal::Malformed("it has more than one Host"));
    }
    let target = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let authority = match (target, line) {
        (Some(target), Some(line)) if !target.eq_ignore_ascii_case(line) => {
            return Err(Refusal::Malformed("its target and its Host differ"));
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => return Err(Refusal::Malformed("it has no Host")),
    };
    let authority = std::str::from_utf8(authority).map_err(|_| Refusal::Host)?;
    table.host(authority, https).ok_or(Refusal::Host)
}

fn bounded(parts: &Parts, body: Incoming, most: u64) -> Result<RequestBody, Refusal> {
    if body.is_end_stream() && !parts.headers.contains_key(TRANSFER_ENCODING) {
        return Ok(RequestBody::Empty);
    }
    if body.size_hint().lower() > most {
        return Err(Refusal::TooLarge);
    }
    Ok(RequestBody::Stream {
        body: Some(body),
        left: most,
        upload: Arc::default(),
    })
}

/// RFC 6455 §4.1. Any other upgrade (h2c above all) is taken off: it would carry requests past every check here.
fn is_websocket(request: &Request<Incoming>) -> bool {
    let headers = request.headers();
    let Some(upgrade) = headers.get(UPGRADE) else {
        return false;
    };
    let connection = headers.get_all(CONNECTION).iter();
    let mut tokens = connection.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    // A body would stand where the tunnel begins.
    request.body().is_end_stream()
        && upgrade.as_bytes().eq_ignore_ascii_case(b"websocket")
        && tokens.any(|token| token.trim().eq_ignore_ascii_case("upgrade"))
        && request.method() == Method::GET
        && request.version() == Version::HTTP_11
}

fn plain(text: &'static str) -> Response<ResponseBody> {
    Response::new(ResponseBody::own(text))
}

fn ready(shared: &Shared) -> Response<ResponseBody> {
    if !shared.stop.is_cancelled() {
        return plain("ready\n");
    }
    let mut response = plain("stopping\n");
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

fn refuse(refusal: &Refusal, seen: &Seen) -> Response<ResponseBody> {
    let route = seen.route.as_ref();
    let upstream = route.map_or("none", |route| route.upstream.name());
    let response = refusal.answer(seen.id);
    if response.status().is_server_error() {
        tracing::warn!(request_id = %seen.id, upstream, reason = %refusal, "not passed on");
    } else {
        tracing::info!(request_id = %seen.id, upstream, reason = %refusal, "not passed on");
    }
    measure::refused(refusal, upstream);
    response
}

/// One line a request: the route's prefix, never the path, a query or a header.
fn finish(seen: &Seen, method: &Method, status: StatusCode, started: Instant) {
    let took = started.elapsed();
    let Some(route) = &seen.route else {
        return;
    };
    route.measures.record(status, took);
    let (request_id, route, status) = (seen.id, route.label(), status.as_u16());
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if status >= 400 {
        tracing::info!(%request_id, %method, route, status, micros, "request");
    } else {
        tracing::debug!(%request_id, %method, route, status, micros, "request");
    }
}
