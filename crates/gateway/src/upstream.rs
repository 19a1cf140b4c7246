//! A server behind the gateway: how it is reached, and what is sent again when a pooled connection was closed.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use cardea_web::{
    inbound::tls::{FileMark, mark},
    outbound::upstream_tls::{ClientIdentity, UpstreamStream, UpstreamTls},
};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use url::{Host, Url};

use crate::{
    body::ResponseBody,
    checked::Times,
    config::UpstreamConfig,
    outgoing::Outgoing,
    pool::{Exchange, Pool},
    problem::{ConfigProblem, Entry},
    refusal::Refusal,
    shares::{Held, Shares, Spent},
    upload::{Progress, RequestBody},
};

/// A server behind the gateway, with its open connections.
pub(crate) struct Upstream {
    config: UpstreamConfig,
    files: Vec<Option<FileMark>>,
    host: Box<str>,
    port: u16,
    tls: Option<UpstreamTls>,
    connections: Arc<Semaphore>,
    // Of requests in progress: idle connections of the pool are not in it.
    requests: Arc<Shares>,
    pool: Arc<Pool>,
}

impl Upstream {
    /// The upstream of a configuration. If nothing about it changed it is the previous one, so that its connections stay.
    pub(crate) fn new(
        config: &UpstreamConfig,
        entry: &Entry,
        before: &[Arc<Self>],
    ) -> Result<Arc<Self>, ConfigProblem> {
        // Marked before they are read, so that a change in between is seen next time.
        let files = files(config).map(|file| mark(Path::new(file))).collect();
        let same = |old: &&Arc<Self>| old.config == *config && old.files == files;
        if let Some(old) = before.iter().find(same) {
            return Ok(Arc::clone(old));
        }
        if config.name.is_empty() {
            return Err(entry.problem("name", "not set"));
        }
        let url = Url::parse(&config.url).map_err(|e| {
            let expected = "expected a URL such as http://127.0.0.1:9000";
            entry.problem("url", format!("\"{}\": {e}; {expected}", config.url))
        })?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let has_user = !url.username().is_empty() || url.password().is_some();
        let has_port = url.port() != Some(0);
        let (Some(host), true) = (url.host(), bare && !has_user && has_port) else {
            let what = "only a scheme, a host and a port, such as http://127.0.0.1:9000";
            return Err(entry.problem("url", what));
        };
        let host = match host {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(ip) => IpAddr::V4(ip).to_string(),
            Host::Ipv6(ip) => IpAddr::V6(ip).to_string(),
        };
        let tls = match url.scheme() {
            "http" if files_named(config) => {
                return Err(entry.problem("url", "certificates require https"));
            }
            "http" => None,
            "https" => Some(secured(config, entry, &host)?),
            _ => return Err(entry.problem("url", "only http and https")),
        };
        if config.max_connections == 0 {
            return Err(entry.problem("max_connections", "at least 1"));
        }
        Ok(Arc::new(Self {
            files,
            port: url.port_or_known_default().unwrap_or_default(),
            host: host.into(),
            tls,
            connections: Arc::new(Semaphore::new(
                config.max_connections.min(Semaphore::MAX_PERMITS),
            )),
            requests: Shares::new(config.max_connections),
            pool: Pool::new(),
            config: config.clone(),
        }))
    }

    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    /// Whether another one is the same server, though it may have another name in the configuration.
    pub(crate) fn is_same_server(&self, other: &Self) -> bool {
        let host = |host: &str| match host.parse::<IpAddr>() {
            Ok(ip) if ip.to_canonical().is_loopback() => "localhost".to_owned(),
            _ => host.trim_end_matches('.').to_ascii_lowercase(),
        };
        self.port == other.port && host(&self.host) == host(&other.host)
    }

    /// Whether it is the server that listens on this address.
    pub(crate) fn leads_to(&self, address: SocketAddr) -> bool {
        let ip = match &*self.host {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            host => host.parse().ok().map(|ip: IpAddr| ip.to_canonical()),
        };
        let own = address.ip().to_canonical();
        let is_local = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
        let reaches = |ip| ip == own || is_local(ip) && is_local(own);
        self.port != 0 && self.port == address.port() && ip.is_some_and(reaches)
    }

    /// A slot for a request from this address, which holds it until its response is complete.
    pub(crate) fn admit(&self, ip: IpAddr) -> Result<Held, Refusal> {
        self.requests.take(ip, 1).map_err(|spent| match spent {
            Spent::All => Refusal::Full,
            Spent::Share => Refusal::Crowded,
        })
    }

    /// Sends the request and returns the response, whose body is still to come.
    pub(crate) async fn send(
        &self,
        outgoing: &Outgoing<'_>,
        body: RequestBody,
        times: &Times,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let upload = body.progress();
        let slot = self.admit(outgoing.client.ip)?;
        let safe = matches!(
            outgoing.parts.method,
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        let mut request = build(outgoing, body)?;
        let mut pooled = self.pool.take().await;
        loop {
            let reused = pooled.is_some();
            let mut exchange = match pooled.take() {
                Some(exchange) => exchange,
                None => self.open(times.connect).await?,
            };
            let (refusal, unsent) =
                match head(&mut exchange, request, upload.as_deref(), times.first_byte).await {
                    Ok(response) => {
                        upload.inspect(|upload| upload.note_answer());
                        return Ok(self.forwarded(response, exchange, slot, times));
                    }
                    Err(failed) => failed,
                };
            drop(exchange);
            // RFC 9112 §9.3.1: a pooled connection may be closed at any time. What was not sent is sent on a new one; what may have
            // arrived only if the method is safe.
            request = match unsent {
                Some(unsent) if reused => unsent,
                None if reused && safe && upload.is_none() && refusal.is_broken() => {
                    build(outgoing, RequestBody::Empty)?
                }
                _ => return Err(refusal),
            };
        }
    }

    fn forwarded(
        &self,
        response: Response<Incoming>,
        exchange: Box<Exchange>,
        slot: Held,
        times: &Times,
    ) -> Response<ResponseBody> {
        let connection = Some((exchange, Arc::clone(&self.pool)));
        response.map(|body| ResponseBody::upstream(body, connection, times.idle, slot))
    }

    async fn open(&self, limit: Duration) -> Result<Box<Exchange>, Refusal> {
        let (stream, permit) = self.connect(limit).await?;
        let broken = |error: hyper::Error| Refusal::Broken(error.to_string());
        Exchange::begin(stream, permit).await.map_err(broken)
    }

    /// A new connection, counted until the permit is dropped.
    pub(crate) async fn connect(
        &self,
        limit: Duration,
    ) -> Result<(UpstreamStream, OwnedSemaphorePermit), Refusal> {
        let free = || Arc::clone(&self.connections).try_acquire_owned().ok();
        // Idle connections are counted too, and are closed for a new one.
        let permit = free().or_else(|| self.pool.close_oldest().then(free).flatten());
        let permit = permit.ok_or(Refusal::Full)?;
        let connecting = async {
            let stream = TcpStream::connect((&*self.host, self.port)).await?;
            stream.set_nodelay(true)?;
            match &self.tls {
                Some(tls) => tls.connect(stream).await,
                None => Ok(UpstreamStream::Plain(stream)),
            }
        };
        match tokio::time::timeout(limit, connecting).await {
            Ok(Ok(stream)) => Ok((stream, permit)),
            Ok(Err(error)) => Err(Refusal::Unreachable(error.to_string())),
            Err(_) => Err(Refusal::TimedOut {
                what: "accept a connection",
                limit,
            }),
        }
    }
}

fn build(outgoing: &Outgoing<'_>, body: RequestBody) -> Result<Request<RequestBody>, Refusal> {
    outgoing
        .request(body)
        .ok_or(Refusal::Internal("the path cannot be written"))
}

type Failed = (Refusal, Option<Request<RequestBody>>);

/// The head of the response. The timeout starts again whenever the client sends a part of its request.
async fn head(
    exchange: &mut Exchange,
    request: Request<RequestBody>,
    upload: Option<&Progress>,
    limit: Duration,
) -> Result<Response<Incoming>, Failed> {
    let mut response = std::pin::pin!(exchange.send(request));
    loop {
        let failed = match tokio::time::timeout(limit, response.as_mut()).await {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(failed)) => failed,
            Err(_) if upload.is_some_and(Progress::has_moved) => continue,
            Err(_) if upload.is_some_and(|upload| !upload.is_finished()) => {
                return Err((Refusal::TooSlow, None));
            }
            Err(_) => {
                let what = "start its response";
                return Err((Refusal::TimedOut { what, limit }, None));
            }
        };
        let mut failed = failed;
        let unsent = failed.take_message();
        return Err(match upload.and_then(Progress::failure) {
            Some(error) => (error.into(), None),
            None => (Refusal::Broken(failed.into_error().to_string()), unsent),
        });
    }
}

fn files(config: &UpstreamConfig) -> impl Iterator<Item = &String> {
    let files = [
        &config.ca_file,
        &config.client_cert_file,
        &config.client_key_file,
    ];
    files.into_iter().flatten()
}

fn files_named(config: &UpstreamConfig) -> bool {
    files(config).next().is_some()
}

fn secured(
    config: &UpstreamConfig,
    entry: &Entry,
    host: &str,
) -> Result<UpstreamTls, ConfigProblem> {
    let read = |key: &str, file: &String| {
        std::fs::read(file).map_err(|e| entry.problem(key, format!("{file}: {e}")))
    };
    let ca = config.ca_file.as_ref();
    let ca = ca.map(|file| read("ca_file", file)).transpose()?;
    let identity = match (&config.client_cert_file, &config.client_key_file) {
        (Some(cert), Some(key)) => Some((
            read("client_cert_file", cert)?,
            read("client_key_file", key)?,
        )),
        (None, None) => None,
        (Some(_), None) => {
            return Err(entry.problem("client_cert_file", "requires client_key_file"));
        }
        (None, Some(_)) => {
            return Err(entry.problem("client_key_file", "requires client_cert_file"));
        }
    };
    let identity = identity
        .as_ref()
        .map(|(cert_pem, key_pem)| ClientIdentity { cert_pem, key_pem });
    UpstreamTls::new(host, ca.as_deref(), identity).map_err(|e| entry.whole(e.to_string()))
}
