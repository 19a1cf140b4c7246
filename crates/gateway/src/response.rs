//! The response as the client receives it.

use cardea_web::{
    inbound::{RequestId, request_id},
    outbound::take_off_hop_by_hop,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{
        CONNECTION, CONTENT_LENGTH, SERVER, STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING, UPGRADE,
    },
};

use crate::{
    refusal::Refusal,
    table::{Routed, Table},
};

const X_POWERED_BY: HeaderName = HeaderName::from_static("x-powered-by");
// Without includeSubDomains: other hosts under this name may not support https.
const TWO_YEARS: HeaderValue = HeaderValue::from_static("max-age=63072000");

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const CONNECTION_UPGRADE: HeaderValue = HeaderValue::from_static("upgrade");

/// Refuses a response whose framing is ambiguous, and a switch of protocols that was not requested.
pub(crate) fn frame<B>(response: &mut Response<B>, websocket: bool) -> Result<(), Refusal> {
    // RFC 9110 §7.8: a server switches only to a protocol that the client offered.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS && !websocket {
        return Err(Refusal::Broken("a 101 that was not requested".to_owned()));
    }
    let headers = response.headers_mut();
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(encoding) = encodings.next() {
        if encodings.next().is_some() || !encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            let what = "a transfer encoding other than chunked";
            return Err(Refusal::Broken(what.to_owned()));
        }
        // RFC 9112 §6.3: the encoding overrides the length, which must not be forwarded.
        headers.remove(CONTENT_LENGTH);
    }
    Ok(())
}

/// Removes hop-by-hop headers, headers that name the server software, and cookies that the upstream may not set.
pub(crate) fn clean<B>(response: &mut Response<B>, table: &Table, routed: &Routed) {
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    take_off_hop_by_hop(headers);
    if switches {
        headers.insert(CONNECTION, CONNECTION_UPGRADE);
        headers.insert(UPGRADE, WEBSOCKET);
    }
    headers.remove(SERVER);
    headers.remove(X_POWERED_BY);
    if !routed.private_cookies() {
        table.private.remove_from_response(headers);
    }
}

/// Adds the headers of every response. Security headers that the upstream set are kept.
pub(crate) fn harden(headers: &mut HeaderMap, table: &Table, https: bool, id: RequestId) {
    for (name, value) in &table.pack {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    // RFC 6797 §7.2: never over plain http.
    if table.hsts && https {
        headers
            .entry(STRICT_TRANSPORT_SECURITY)
            .or_insert(TWO_YEARS);
    }
    if let Some(id) = id.header_value() {
        headers.insert(request_id::HEADER, id);
    }
}
