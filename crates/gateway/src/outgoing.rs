//! The request as the upstream gets it: one pass over the client's headers, and what the gateway itself says.

use std::net::IpAddr;

use cardea_web::inbound::{ClientAddress, ClientCertificate, RequestId, request_id};
use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, UPGRADE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, Version};

use crate::body::RequestBody;
use crate::checked::Host;
use crate::cookies::{self, PrivateCookies};
use crate::path;
use crate::table::Route;

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

/// As many as the gateway adds at most.
const OURS: usize = 10;

/// What becomes of a header that a client sent.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Passes,
    Dropped,
    Cookie,
}

fn fate(name: &HeaderName) -> Fate {
    match name.as_str() {
        "cookie" => Fate::Cookie,
        // RFC 9110 §7.6.1: these speak of one connection; `host` and `expect` the gateway answers for itself.
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
        | "expect" => Fate::Dropped,
        // Who calls, and by what, is the gateway's to say; a stranger's word for it is a forgery.
        "forwarded"
        | "x-real-ip"
        | "x-client-ip"
        | "true-client-ip"
        | "cf-connecting-ip"
        | "fastly-client-ip"
        | "x-cluster-client-ip"
        | "x-request-id"
        | "x-forwarded"
        | "x-host"
        | "x-rewrite-url"
        | "x-scheme"
        | "x-url-scheme"
        | "front-end-https"
        | "client-ip" => Fate::Dropped,
        // CGI turns it into HTTP_PROXY, by which programs choose a proxy for their own requests (httpoxy).
        "proxy" => Fate::Dropped,
        name if FORGED.iter().any(|start| name.starts_with(start)) => Fate::Dropped,
        // Many applications read `_` as `-`, and some every sign, so that `X_Forwarded_For` would be one more forgery.
        name if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => Fate::Dropped,
        _ => Fate::Passes,
    }
}

/// How headers begin in which proxies tell who calls.
const FORGED: [&str; 7] = [
    "x-forwarded-",
    "x-original-",
    "x-remote-",
    "x-ssl-",
    "remote-",
    "ssl-client-",
    "client-cert",
];

/// All that the upstream's request is made of. Making it takes nothing away, so it can be made again for another connection.
pub(crate) struct Outgoing<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) route: &'a Route,
    pub(crate) host: &'a Host,
    pub(crate) private: &'a PrivateCookies,
    pub(crate) client: ClientAddress,
    pub(crate) id: RequestId,
    pub(crate) websocket: bool,
}

impl Outgoing<'_> {
    /// The request with this body; `None` when its path can't be written, which a path that was read can.
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
        if !self.route.strips_prefix() {
            return Some(Uri::from(whole.clone()));
        }
        let path = path::behind(whole.path(), self.route.segments);
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
            match fate(name) {
                Fate::Passes if *name == CONTENT_LENGTH => {
                    headers.insert(CONTENT_LENGTH, value.clone());
                }
                Fate::Passes if named.is_empty() || !listed() => {
                    headers.append(name.clone(), value.clone());
                }
                _ => {}
            }
        }
        let cookie = match self.route.private_cookies {
            true => cookies::all(theirs),
            false => self.private.without(theirs),
        };
        if let Some(cookie) = cookie {
            headers.insert(COOKIE, cookie);
        }
        self.introduce(&mut headers);
        headers
    }

    /// What the gateway says of the request. RFC 7239 says it in one header, everybody else in five.
    fn introduce(&self, headers: &mut HeaderMap) {
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
        if let Some(id) = self.id.header_value() {
            headers.insert(request_id::HEADER, id);
        }
        if let Some(prefix) = &self.route.stripped {
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
        // RFC 7239 §6: an IPv6 address stands in brackets and quotes.
        match self.client.ip {
            IpAddr::V4(ip) => format!("for={ip};host=\"{host}\";proto={proto}"),
            IpAddr::V6(ip) => format!("for=\"[{ip}]\";host=\"{host}\";proto={proto}"),
        }
    }
}

/// The headers that `Connection` says are for the gateway alone. What frames the message isn't the client's to take away.
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
    fn what_a_stranger_says_of_itself_is_dropped() {
        for name in [
            "x-forwarded-for",
            "x-forwarded-anything",
            "forwarded",
            "x-real-ip",
            "client-cert",
            "x-request-id",
            "remote-user",
            "remote_user",
            "x_forwarded_for",
            "x-ssl-client-dn",
            "ssl-client-verify",
            "x-remote-user",
            "x-original-host",
            "x.forwarded.for",
            "x!real!ip",
            "proxy",
            "client-cert-chain",
        ] {
            assert_eq!(
                fate(&HeaderName::from_static(name)),
                Fate::Dropped,
                "{name}"
            );
        }
        for name in [
            "accept",
            "authorization",
            "content-type",
            "sec-websocket-key",
            "dpop",
        ] {
            assert_eq!(fate(&HeaderName::from_static(name)), Fate::Passes, "{name}");
        }
    }

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
