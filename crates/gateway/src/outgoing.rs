//! The request as the upstream receives it: the client's headers that may pass, and those of the gateway.

use std::net::IpAddr;

use cardea_web::inbound::{ClientAddress, ClientCertificate, RequestId, is_of_proxies, request_id};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri, Version,
    header::{CONNECTION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, UPGRADE, VIA},
    request::Parts,
    uri::PathAndQuery,
};

use crate::{
    checked::Host,
    cookies::{self, PrivateCookies},
    path,
    table::Routed,
    upload::RequestBody,
    via::Via,
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");

const HTTPS: HeaderValue = HeaderValue::from_static("https");
const HTTP: HeaderValue = HeaderValue::from_static("http");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const CONNECTION_UPGRADE: HeaderValue = HeaderValue::from_static("upgrade");

/// How many headers the gateway adds at most.
const OURS: usize = 11;

/// What is done with a header of the client.
#[derive(Debug, PartialEq, Eq)]
enum Handling {
    Forwarded,
    Dropped,
    Cookie,
}

fn handling(name: &HeaderName) -> Handling {
    match name.as_str() {
        "cookie" => Handling::Cookie,
        // RFC 9110 §7.6.1: these concern one connection; the gateway sets `host` and handles `expect` itself.
        "connection"
        | "keep-alive"
        | "proxy-connection"
        | "proxy-authenticate"
        | "proxy-authorization"
        | "te"
        | "trailer"
        | "transfer-encoding"
        | "upgrade"
        | "http2-settings"
        | "host"
        | "expect" => Handling::Dropped,
        name if is_of_proxies(name) => Handling::Dropped,
        _ => Handling::Forwarded,
    }
}

/// What the upstream's request is made of. It can be made again for another connection.
pub(crate) struct Outgoing<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) routed: &'a Routed,
    pub(crate) host: &'a Host,
    pub(crate) private: &'a PrivateCookies,
    pub(crate) client: ClientAddress,
    pub(crate) id: RequestId,
    pub(crate) via: &'a Via,
    pub(crate) websocket: bool,
}

impl Outgoing<'_> {
    /// The request with this body; `None` when its path cannot be written, which does not happen to a checked path.
    pub(crate) fn request(&self, body: RequestBody) -> Option<Request<RequestBody>> {
        let mut request = Request::new(body);
        *request.method_mut() = self.parts.method.clone();
        *request.uri_mut() = self.uri()?;
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = self.headers();
        Some(request)
    }

    fn uri(&self) -> Option<Uri> {
        let whole = self.parts.uri.path_and_query()?;
        let route = &self.routed.route;
        if !route.strips_prefix() {
            return Some(Uri::from(whole.clone()));
        }
        let path = path::behind(whole.path(), route.segments);
        let text = match whole.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        PathAndQuery::try_from(text).ok().map(Uri::from)
    }

    fn headers(&self) -> HeaderMap {
        let theirs = &self.parts.headers;
        let mut headers = HeaderMap::with_capacity(theirs.keys_len() + OURS);
        let named = named_by_connection(theirs);
        for (name, value) in theirs {
            let listed = || {
                named
                    .iter()
                    .any(|one| name.as_str().eq_ignore_ascii_case(one))
            };
            if self.routed.drops(name) {
                continue;
            }
            match handling(name) {
                Handling::Forwarded if *name == CONTENT_LENGTH => {
                    headers.insert(CONTENT_LENGTH, value.clone());
                }
                Handling::Forwarded if named.is_empty() || !listed() => {
                    headers.append(name.clone(), value.clone());
                }
                _ => {}
            }
        }
        let cookie = match self.routed.private_cookies() {
            _ if self.routed.drops(&COOKIE) => None,
            true => cookies::all(theirs),
            false => self.private.without(theirs),
        };
        if let Some(cookie) = cookie {
            headers.insert(COOKIE, cookie);
        }
        self.add_own(&mut headers);
        headers
    }

    /// Adds what the gateway reports about the request: by RFC 7239 in one header, and in the usual five.
    fn add_own(&self, headers: &mut HeaderMap) {
        headers.insert(HOST, self.host.value.clone());
        headers.insert(X_FORWARDED_HOST, self.host.value.clone());
        headers.insert(X_FORWARDED_PORT, self.host.port(self.client.https));
        let proto = if self.client.https { HTTPS } else { HTTP };
        headers.insert(X_FORWARDED_PROTO, proto);
        if let Ok(address) = HeaderValue::try_from(self.client.ip.to_string()) {
            headers.insert(X_FORWARDED_FOR, address);
        }
        if let Ok(forwarded) = HeaderValue::try_from(self.forwarded()) {
            headers.insert(FORWARDED, forwarded);
        }
        // After those of the proxies before.
        if let Some(via) = self.via.of(self.parts.version) {
            headers.append(VIA, via.clone());
        }
        if let Some(id) = self.id.header_value() {
            headers.insert(request_id::HEADER, id);
        }
        if let Some(prefix) = &self.routed.route.stripped {
            headers.insert(X_FORWARDED_PREFIX, prefix.clone());
        }
        if let Some(certificate) = self.parts.extensions.get::<ClientCertificate>() {
            headers.insert(CLIENT_CERT, certificate.header().clone());
        }
        if self.websocket {
            headers.insert(CONNECTION, CONNECTION_UPGRADE);
            headers.insert(UPGRADE, WEBSOCKET);
        }
    }

    fn forwarded(&self) -> String {
        let host = &self.host.name;
        let proto = if self.client.https { "https" } else { "http" };
        // RFC 7239 §6: an IPv6 address is in brackets and quotes.
        match self.client.ip {
            IpAddr::V4(ip) => format!("for={ip};host=\"{host}\";proto={proto}"),
            IpAddr::V6(ip) => format!("for=\"[{ip}]\";host=\"{host}\";proto={proto}"),
        }
    }
}

/// The headers that `Connection` names as hop-by-hop. A client cannot remove the headers that frame the message.
fn named_by_connection(headers: &HeaderMap) -> Vec<&str> {
    let lines = headers.get_all(CONNECTION).iter();
    let names = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let names = names.filter_map(|name| std::str::from_utf8(name).ok());
    let usual = [
        "",
        "close",
        "keep-alive",
        "upgrade",
        "content-length",
        "host",
        "te",
    ];
    names
        .map(str::trim)
        .filter(|name| !usual.iter().any(|one| name.eq_ignore_ascii_case(one)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_names_headers_but_not_the_frame_of_the_message() {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONNECTION,
            HeaderValue::from_static("close, X-Secret , Content-Length,te"),
        );
        headers.append(CONNECTION, HeaderValue::from_static("x-more"));
        assert_eq!(named_by_connection(&headers), ["X-Secret", "x-more"]);
    }
}
