//! A server behind the gateway: how it is reached, and what is sent again when a kept connection turns out dead.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cardea_web::inbound::listener::{Guest, Networks, Share};
use cardea_web::inbound::tls::{FileMark, mark};
use cardea_web::outbound::upstream_tls::{ClientIdentity, UpstreamStream, UpstreamTls};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::{Host, Url};

use crate::body::{RequestBody, ResponseBody, Trouble, Upload};
use crate::checked::{ConfigProblem, Times};
use crate::config::UpstreamConfig;
use crate::outgoing::Outgoing;
use crate::pool::{Exchange, Pool};
use crate::refusal::Refusal;

/// A server behind the gateway, with its open connections.
pub(crate) struct Upstream {
    config: UpstreamConfig,
    files: Vec<Option<FileMark>>,
    host: Box<str>,
    port: u16,
    tls: Option<UpstreamTls>,
    slots: Arc<Semaphore>,
    networks: Arc<Networks>,
    pool: Arc<Pool>,
}

impl Upstream {
    /// The upstream of a configuration: the one of before when nothing about it changed, so that its connections stay.
    pub(crate) fn new(
        config: &UpstreamConfig,
        before: &[Arc<Self>],
    ) -> Result<Arc<Self>, ConfigProblem> {
        // Marked before they are read, so that a change meanwhile is seen next time.
        let files = files(config).map(|file| mark(Path::new(file))).collect();
        let same = |old: &&Arc<Self>| old.config == *config && old.files == files;
        if let Some(old) = before.iter().find(same) {
            return Ok(Arc::clone(old));
        }
        let problem = |key: &str, what: String| {
            ConfigProblem::new(format!("upstreams \"{}\".{key}", config.name), what)
        };
        let url = Url::parse(&config.url).map_err(|e| {
            problem(
                "url",
                format!(
                    "\"{}\": {e}; write it like http://127.0.0.1:9000",
                    config.url
                ),
            )
        })?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let (Some(host), true) = (url.host(), bare && url.username().is_empty()) else {
            let what = "a scheme, a host and a port, nothing else, such as http://127.0.0.1:9000";
            return Err(problem("url", what.to_owned()));
        };
        let host = match host {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(ip) => IpAddr::V4(ip).to_string(),
            Host::Ipv6(ip) => IpAddr::V6(ip).to_string(),
        };
        let tls = match url.scheme() {
            "http" if files_named(config) => {
                return Err(problem("url", "certificates are for https".to_owned()));
            }
            "http" => None,
            "https" => Some(secured(config, &host)?),
            _ => return Err(problem("url", "only http and https".to_owned())),
        };
        if config.max_connections == 0 {
            return Err(problem("max_connections", "at least 1".to_owned()));
        }
        Ok(Arc::new(Self {
            files,
            port: url.port_or_known_default().unwrap_or_default(),
            host: host.into(),
            tls,
            slots: Arc::new(Semaphore::new(
                config.max_connections.min(Semaphore::MAX_PERMITS),
            )),
            // However slowly one network sends and reads, half is left for all others.
            networks: Networks::new(
                Share::of_network(config.max_connections.div_ceil(2)),
                Vec::new(),
            ),
            pool: Pool::new(),
            config: config.clone(),
        }))
    }

    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    /// A place for a request from this address, which keeps it until its answer has passed.
    pub(crate) fn admit(&self, ip: IpAddr) -> Result<Guest, Refusal> {
        self.networks.admit(ip).ok_or(Refusal::Crowded)
    }

    /// Sends the request and brings its answer, whose body is still on its way.
    pub(crate) async fn send(
        &self,
        outgoing: &Outgoing<'_>,
        body: RequestBody,
        times: &Times,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let upload = match &body {
            RequestBody::Empty => None,
            RequestBody::Stream { upload, .. } => Some(Arc::clone(upload)),
        };
        let guest = self.admit(outgoing.client.ip)?;
        let safe = matches!(
            outgoing.parts.method,
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        let mut request = build(outgoing, body)?;
        let mut kept = self.pool.take().await;
        loop {
            let reused = kept.is_some();
            let mut exchange = match kept.take() {
                Some(exchange) => exchange,
                None => self.open(times.connect).await?,
            };
            let (refusal, unsent) =
                match head(&mut exchange, request, upload.as_deref(), times.first_byte).await {
                    Ok(answer) => {
                        upload.inspect(|upload| upload.note_answer());
                        return Ok(self.handed_on(answer, (exchange, guest), times));
                    }
                    Err(failed) => failed,
                };
            drop(exchange);
            // RFC 9112 §9.3.1: a kept connection may close at any time. What never left is sent on a new one; what may have arrived only
            // when doing it twice does no harm.
            request = match unsent {
                Some(unsent) if reused => unsent,
                None if reused && safe && upload.is_none() && refusal.is_broken() => {
                    build(outgoing, RequestBody::Empty)?
                }
                _ => return Err(refusal),
            };
        }
    }

    fn handed_on(
        &self,
        answer: Response<Incoming>,
        (exchange, guest): (Box<Exchange>, Guest),
        times: &Times,
    ) -> Response<ResponseBody> {
        let connection = Some((exchange, Arc::clone(&self.pool)));
        answer.map(|body| ResponseBody::upstream(body, connection, times.idle, guest))
    }

    async fn open(&self, limit: Duration) -> Result<Box<Exchange>, Refusal> {
        let (stream, permit) = self.connect(limit).await?;
        let broken = |error: hyper::Error| Refusal::Broken(error.to_string());
        Exchange::begin(stream, permit).await.map_err(broken)
    }

    /// A new connection, counted until the permit goes.
    pub(crate) async fn connect(
        &self,
        limit: Duration,
    ) -> Result<(UpstreamStream, OwnedSemaphorePermit), Refusal> {
        let free = || Arc::clone(&self.slots).try_acquire_owned().ok();
        // Connections that rest are counted too, and give way to one of another kind.
        let permit = free().or_else(|| self.pool.let_one_go().then(free).flatten());
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
        .ok_or(Refusal::Internal("a path that was read can't be written"))
}

type Failed = (Refusal, Option<Request<RequestBody>>);

/// The head of the answer. The time counts anew whenever the client sends a piece of its request.
async fn head(
    exchange: &mut Exchange,
    request: Request<RequestBody>,
    upload: Option<&Upload>,
    limit: Duration,
) -> Result<Response<Incoming>, Failed> {
    let mut answer = std::pin::pin!(exchange.send(request));
    loop {
        let failed = match tokio::time::timeout(limit, answer.as_mut()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(failed)) => failed,
            Err(_) if upload.is_some_and(Upload::has_moved) => continue,
            Err(_) if upload.is_some_and(|upload| !upload.is_finished()) => {
                return Err((Refusal::TooSlow, None));
            }
            Err(_) => {
                let what = "begin its answer";
                return Err((Refusal::TimedOut { what, limit }, None));
            }
        };
        let mut failed = failed;
        let unsent = failed.take_message();
        return Err(match upload.and_then(Upload::trouble) {
            Some(Trouble::TooLarge) => (Refusal::TooLarge, None),
            Some(Trouble::Broken) => (Refusal::Gone, None),
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

fn secured(config: &UpstreamConfig, host: &str) -> Result<UpstreamTls, ConfigProblem> {
    let problem = |what: String| ConfigProblem::new(format!("upstreams \"{}\"", config.name), what);
    let read = |file: &String| std::fs::read(file).map_err(|e| problem(format!("{file}: {e}")));
    let ca = config.ca_file.as_ref().map(read).transpose()?;
    let identity = match (&config.client_cert_file, &config.client_key_file) {
        (Some(cert), Some(key)) => Some((read(cert)?, read(key)?)),
        (None, None) => None,
        _ => {
            let what = "client_cert_file and client_key_file go together";
            return Err(problem(what.to_owned()));
        }
    };
    let identity = identity
        .as_ref()
        .map(|(cert_pem, key_pem)| ClientIdentity { cert_pem, key_pem });
    UpstreamTls::new(host, ca.as_deref(), identity).map_err(|e| problem(e.to_string()))
}
