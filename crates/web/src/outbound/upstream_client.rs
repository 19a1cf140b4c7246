//! Forwards requests to one configured server: pooled, streamed in both directions, bounded in size and time.

use std::{
    error::Error as StdError,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Body;
use http::{
    HeaderMap, HeaderName, Request, Response, Uri, Version,
    header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE},
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body_util::{LengthLimitError, Limited};
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use pin_project_lite::pin_project;
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep},
};

use super::upstream_tls::{ClientIdentity, UpstreamStream, UpstreamTls};

/// The timeout for connecting, including TLS.
const CONNECT: Duration = Duration::from_secs(5);
/// Shorter than the idle timeout of most servers, so that few requests meet a closing connection.
const POOL_IDLE: Duration = Duration::from_secs(20);
const POOL_SIZE: usize = 256;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_AUTHENTICATE: HeaderName = HeaderName::from_static("proxy-authenticate");
const PROXY_AUTHORIZATION: HeaderName = HeaderName::from_static("proxy-authorization");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// The configuration of an upstream.
#[derive(Clone)]
pub struct UpstreamConfig {
    /// Its address, such as `http://127.0.0.1:4000` or `https://api.example.com/v1`; request paths are appended.
    pub url: String,
    /// The only trusted authorities; without it those of the system are trusted.
    pub ca_pem: Option<Vec<u8>>,
    /// The client certificate (with its chain) and its key, both PEM.
    pub client_certificate_pem: Option<(Vec<u8>, Vec<u8>)>,
    /// A larger request body is refused: 10 MiB.
    pub max_request_bytes: usize,
    /// A larger response is aborted: 100 MiB.
    pub max_response_bytes: usize,
    /// The response must begin in this time, and may pause for the same time: 30 s.
    pub timeout: Duration,
}

impl UpstreamConfig {
    /// The default bounds for this address.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_pem: None,
            client_certificate_pem: None,
            max_request_bytes: 10 * 1024 * 1024,
            max_response_bytes: 100 * 1024 * 1024,
            timeout: Duration::from_secs(30),
        }
    }
}

/// What is wrong with the configuration of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamConfigError {
    /// Not the URL of a server.
    #[error(
        "{0:?} is not the URL of an upstream: expected http:// or https://, a host, and at most a path"
    )]
    Url(String),
    /// The authorities or the certificate are invalid.
    #[error("{0}")]
    Tls(String),
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// The path is malformed.
    #[error("the path is malformed")]
    Path,
    /// The request body is larger than allowed.
    #[error("the request is too large")]
    TooLarge,
    /// The response did not begin in time.
    #[error("the upstream did not answer in time")]
    TooSlow,
    /// No connection, or a connection error.
    #[error("the upstream is unreachable: {0}")]
    Unreachable(String),
}

/// A client for one upstream. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct UpstreamClient {
    client: Client<Connector, Limited<Body>>,
    scheme: Scheme,
    authority: Authority,
    base_path: Arc<str>,
    bounds: Bounds,
}

#[derive(Clone, Copy)]
struct Bounds {
    request: usize,
    response: usize,
    timeout: Duration,
}

impl UpstreamClient {
    /// A client for this upstream. It does not connect yet.
    ///
    /// # Errors
    /// When the URL, the authorities or the certificate are invalid.
    pub fn new(config: &UpstreamConfig) -> Result<Self, UpstreamConfigError> {
        let wrong = || UpstreamConfigError::Url(config.url.clone());
        let parts = config.url.parse::<Uri>().map_err(|_| wrong())?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(wrong());
        };
        let path = parts
            .path_and_query
            .unwrap_or(PathAndQuery::from_static("/"));
        if authority.as_str().contains('@') || path.query().is_some() {
            return Err(wrong());
        }
        let https = match scheme.as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong()),
        };
        let tls = https.then(|| tls(authority.host(), config)).transpose()?;
        let connector = Connector {
            host: authority.host().trim_matches(['[', ']']).into(),
            port: authority.port_u16().unwrap_or(if https { 443 } else { 80 }),
            tls: tls.map(Arc::new),
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_SIZE)
            .build(connector);
        Ok(Self {
            client,
            scheme,
            authority,
            base_path: path.path().trim_end_matches('/').into(),
            bounds: Bounds {
                request: config.max_request_bytes,
                response: config.max_response_bytes,
                timeout: config.timeout,
            },
        })
    }

    /// Sends the request to `path` (with its query) below the URL of the upstream. Hop-by-hop fields are removed in both
    /// directions; everything else is up to the caller.
    ///
    /// # Errors
    /// When there is no response, or the body is too large.
    pub async fn send(
        &self,
        path: &str,
        request: Request<Body>,
    ) -> Result<Response<Body>, UpstreamError> {
        let path = format!("{}{path}", self.base_path);
        let uri = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(|_| UpstreamError::Path)?;
        let (mut head, body) = request.into_parts();
        let declared = head.headers.get(CONTENT_LENGTH);
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let allowed = u64::try_from(self.bounds.request).unwrap_or(u64::MAX);
        if declared.is_some_and(|length| length > allowed) {
            return Err(UpstreamError::TooLarge);
        }
        take_off_hop_by_hop(&mut head.headers);
        head.headers.remove(HOST);
        head.headers.remove(EXPECT);
        head.uri = uri;
        head.version = Version::HTTP_11;
        let request = Request::from_parts(head, Limited::new(body, self.bounds.request));
        let answer = tokio::time::timeout(self.bounds.timeout, self.client.request(request))
            .await
            .map_err(|_| UpstreamError::TooSlow)?
            .map_err(|error| broken(&error))?;
        // RFC 9110 §7.8: the request had no Upgrade, so 101 is an error, and no other informational response is final.
        if answer.status().is_informational() {
            let reason = "it switched protocols without being asked".to_owned();
            return Err(UpstreamError::Unreachable(reason));
        }
        let (mut head, body) = answer.into_parts();
        take_off_hop_by_hop(&mut head.headers);
        let body = Paced {
            body: Limited::new(body, self.bounds.response),
            pause_timeout: self.bounds.timeout,
            pause: None,
        };
        Ok(Response::from_parts(head, Body::new(body)))
    }
}

fn tls(host: &str, config: &UpstreamConfig) -> Result<UpstreamTls, UpstreamConfigError> {
    let identity = config.client_certificate_pem.as_ref();
    let identity = identity.map(|(cert_pem, key_pem)| ClientIdentity { cert_pem, key_pem });
    UpstreamTls::new(host, config.ca_pem.as_deref(), identity)
        .map_err(|error| UpstreamConfigError::Tls(error.to_string()))
}

/// Removes hop-by-hop fields. Call it before adding own fields to a request: the client's `Connection` could name them.
pub fn take_off_hop_by_hop(headers: &mut HeaderMap) {
    // RFC 9112 §6.3: `Transfer-Encoding` overrides `Content-Length`, which is removed.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    // RFC 9110 §7.6.1: the fields that `Connection` names, the field itself and its obsolete relatives.
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    let always = [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        PROXY_CONNECTION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    for name in named.iter().chain(&always) {
        headers.remove(name);
    }
}

fn broken(error: &hyper_util::client::legacy::Error) -> UpstreamError {
    let mut reason: &(dyn StdError + 'static) = error;
    while let Some(source) = reason.source() {
        reason = source;
        if reason.is::<LengthLimitError>() {
            return UpstreamError::TooLarge;
        }
    }
    UpstreamError::Unreachable(reason.to_string())
}

#[derive(Clone)]
struct Connector {
    host: Arc<str>,
    port: u16,
    tls: Option<Arc<UpstreamTls>>,
}

impl Connector {
    async fn connect(self) -> io::Result<TokioIo<UpstreamStream>> {
        let stream = TcpStream::connect((&*self.host, self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(TokioIo::new(match self.tls {
            Some(tls) => tls.connect(stream).await?,
            None => UpstreamStream::Plain(stream),
        }))
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<UpstreamStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(CONNECT, self.clone().connect());
        Box::pin(async { connecting.await.map_err(io::Error::from)? })
    }
}

impl Connection for UpstreamStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

pin_project! {
    /// A body with a limit on its pauses.
    struct Paced<B> {
        #[pin]
        body: B,
        pause_timeout: Duration,
        #[pin]
        pause: Option<Sleep>,
    }
}

impl<B> HttpBody for Paced<B>
where
    B: HttpBody<Data = Bytes, Error = Box<dyn StdError + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut this = self.project();
        if let Poll::Ready(frame) = this.body.poll_frame(cx) {
            this.pause.set(None);
            return Poll::Ready(frame);
        }
        if this.pause.is_none() {
            let end = Instant::now() + *this.pause_timeout;
            this.pause.set(Some(tokio::time::sleep_until(end)));
        }
        if let Some(pause) = this.pause.as_mut().as_pin_mut() {
            ready!(pause.poll(cx));
        }
        Poll::Ready(Some(Err("the upstream paused for too long".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[path = "upstream_client_tests.rs"]
mod tests;
