//! An incoming request: the checks in their order, each of which may refuse it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cardea_web::{
    inbound::{ClientAddress, Peer, RequestId},
    log::REFUSED,
};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{CONNECTION, CONTENT_LENGTH, FORWARDED, HOST, TRANSFER_ENCODING, UPGRADE, VIA},
};
use hyper::body::{Body as _, Incoming};

use crate::{
    body::ResponseBody,
    checked::Host,
    error_page::Form,
    gateway::Shared,
    measure,
    outgoing::Outgoing,
    path,
    refusal::Refusal,
    response,
    table::{Route, Routed, Table},
    telemetry, tunnel,
    upload::{Limits, RequestBody},
    via::Via,
};

/// What is known about a request.
struct Seen<'a> {
    id: RequestId,
    via: &'a Via,
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
        via: &shared.via,
        client: ClientAddress::resolve(peer, request.headers(), &table.trusted),
        route: None,
    };
    let method = request.method().clone();
    let form = Form::accepted(request.headers());
    let handled = handle(shared, &table, &mut seen, request).await;
    let is_refused = handled.is_err();
    let mut response = handled.unwrap_or_else(|refusal| refuse(&refusal, &seen, &method, form));
    response::harden(response.headers_mut(), &table, seen.client.https, seen.id);
    let took = started.elapsed();
    if let Some(route) = &seen.route {
        route.measures.record(response.status(), took);
        // A refusal has written its line.
        if !is_refused {
            log(&seen, route, &method, response.status(), took);
        }
    }
    response
}

async fn handle(
    shared: &Shared,
    table: &Table,
    seen: &mut Seen<'_>,
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
    // RFC 9110 §9.3.6, §9.3.8: CONNECT opens a tunnel to any host, TRACE returns credentials to scripts.
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Refusal::Method);
    }
    frame(request.headers())?;
    let host = host(table, &request, seen.client.https)?;
    let path = path::read(raw)?;
    if *path == *table.metrics
        && table.may_read_metrics(seen.client.ip)
        && !is_of_unknown_proxy(table, &request)
    {
        return Ok(telemetry::page());
    }
    if shared.via.is_in(request.headers()) {
        return Err(Refusal::Loop);
    }
    let routed = table.route(&path)?.ok_or(Refusal::NoRoute)?;
    seen.route = Some(Arc::clone(&routed.route));
    let decision = routed.check_rate(&seen.client);
    if let Some(decision) = decision.filter(|decision| !decision.allowed) {
        return Err(Refusal::TooMany(decision));
    }
    let mut response = forward(table, seen, &routed, host, request).await?;
    if let Some(decision) = decision {
        decision.write(response.headers_mut());
    }
    Ok(response)
}

async fn forward(
    table: &Table,
    seen: &Seen<'_>,
    routed: &Routed,
    host: &Host,
    mut request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Refusal> {
    let websocket = is_websocket(&request);
    let client = websocket.then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let outgoing = Outgoing {
        parts: &parts,
        routed,
        host,
        private: &table.private,
        client: seen.client,
        id: seen.id,
        via: seen.via,
        websocket,
    };
    let mut response = match client {
        Some(client) => tunnel::open(&outgoing, client).await?,
        None => {
            let times = routed.times();
            let limits = Limits {
                max_bytes: routed.max_body_bytes(),
                pause: times.first_byte,
                memory: &table.body_memory,
                ip: seen.client.ip,
            };
            let body = RequestBody::read(&parts, body, limits).await?;
            routed.route.upstream.send(&outgoing, body, &times).await?
        }
    };
    response::frame(&mut response, websocket)?;
    response::clean(&mut response, table, routed);
    Ok(response)
}

/// Whether a proxy that is not configured sent the request, so that the address is not that of the client.
fn is_of_unknown_proxy(table: &Table, request: &Request<Incoming>) -> bool {
    let headers = [
        FORWARDED.as_str(),
        VIA.as_str(),
        "x-forwarded-for",
        "x-real-ip",
    ];
    let peer = match request.extensions().get::<Peer>() {
        Some(Peer::Tcp { address, .. }) => Some(address.ip().to_canonical()),
        _ => None,
    };
    let is_trusted = |ip| table.trusted.iter().any(|network| network.contains(&ip));
    !peer.is_some_and(is_trusted)
        && headers
            .iter()
            .any(|name| request.headers().contains_key(*name))
}

/// Refuses ambiguous framing. Of `Transfer-Encoding` and `Content-Length` together hyper has removed the length already, and the
/// forwarded request has framing of its own.
fn frame(headers: &HeaderMap) -> Result<(), Refusal> {
    // RFC 9110 §8.6: hyper refuses two lengths in HTTP/1.1, but not in HTTP/2.
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let first = lengths.next();
    if lengths.any(|length| Some(length) != first) {
        return Err(Refusal::Malformed(
            "The request has more than one Content-Length.",
        ));
    }
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(encoding) = encodings.next() else {
        return Ok(());
    };
    // RFC 9112 §6.1: an unknown encoding is not forwarded.
    if encodings.next().is_some() || !encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Err(Refusal::Malformed(
            "The transfer encoding of the request is not chunked.",
        ));
    }
    Ok(())
}

/// RFC 9112 §3.2: exactly one host, and the one in the request target counts.
fn host<'a, B>(table: &'a Table, request: &Request<B>, https: bool) -> Result<&'a Host, Refusal> {
    let mut lines = request.headers().get_all(HOST).iter();
    let line = lines.next().map(HeaderValue::as_bytes);
    if lines.next().is_some() {
        return Err(Refusal::Malformed(
            "The request has more than one Host header.",
        ));
    }
    let target = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let authority = match (target, line) {
        (Some(target), Some(line)) if !target.eq_ignore_ascii_case(line) => {
            return Err(Refusal::Malformed(
                "The target of the request and its Host header differ.",
            ));
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => return Err(Refusal::Malformed("The request has no Host header.")),
    };
    let authority = std::str::from_utf8(authority).map_err(|_| Refusal::Host)?;
    table.host(authority, https).ok_or(Refusal::Host)
}

/// RFC 6455 §4.1. Any other upgrade is removed: h2c would carry requests past all checks.
fn is_websocket(request: &Request<Incoming>) -> bool {
    let headers = request.headers();
    let Some(upgrade) = headers.get(UPGRADE) else {
        return false;
    };
    let connection = headers.get_all(CONNECTION).iter();
    let mut tokens = connection.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    // A body would be where the tunnel begins.
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

/// One line for a request that is not forwarded.
fn refuse(
    refusal: &Refusal,
    seen: &Seen<'_>,
    method: &Method,
    form: Form,
) -> Response<ResponseBody> {
    let route = seen.route.as_ref();
    let upstream = route.map_or("none", |route| route.upstream.name());
    let label = route.map(|route| route.label());
    let response = refusal.response(form, seen.id);
    let (request_id, status) = (seen.id, response.status().as_u16());
    if response.status().is_server_error() {
        tracing::warn!(%request_id, %method, route = label, upstream, status, reason = %refusal, "not forwarded");
    } else {
        tracing::info!(target: REFUSED, %request_id, %method, route = label, upstream, status, reason = %refusal, "not forwarded");
    }
    measure::refused(refusal, upstream);
    response
}

/// One line for a request that was forwarded: the prefix of the route, never the path, the query or a header.
fn log(seen: &Seen<'_>, route: &Route, method: &Method, status: StatusCode, took: Duration) {
    let (request_id, route) = (seen.id, route.label());
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let code = status.as_u16();
    if status.is_server_error() {
        tracing::info!(%request_id, %method, route, status = code, micros, "request");
    } else if status.is_client_error() {
        // Any client can cause it.
        tracing::info!(target: REFUSED, %request_id, %method, route, status = code, micros, "request");
    } else {
        tracing::debug!(%request_id, %method, route, status = code, micros, "request");
    }
}
