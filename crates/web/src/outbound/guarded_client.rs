//! The one way out for URLs that came as data.
//!
//! The name is resolved here, each address is judged, and the connection goes to the very addresses
//! that were judged: a name that changes its mind between check and use gains nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE};
use url::{Host, Url};

use super::addresses::is_public;
use super::authorities::Authorities;

/// All of a fetch takes at most this long.
pub(super) const TIME: Duration = Duration::from_secs(5);
/// A larger answer is given up.
pub(super) const MAX_BODY_BYTES: usize = 256 * 1024;
/// No URL is longer.
pub(super) const MAX_URL_BYTES: usize = 2048;

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not a URL that may be fetched by anyone.
    #[error("the URL may not be fetched: {0}")]
    Url(&'static str),
    /// It leads inside, and the operator's allow-list doesn't name it.
    #[error(
        "{0} leads to an address that is not public; allow it under [outbound] if that is meant"
    )]
    Address(String),
    /// The name has no address.
    #[error("{0} could not be resolved")]
    Name(String),
    /// No connection, broken TLS, or a broken answer.
    #[error("the request failed: {0}")]
    Connection(String),
    /// Not done in time.
    #[error("the request took longer than 5 s")]
    TooSlow,
    /// An answer other than 200; redirects are not followed.
    #[error("the answer had status {0}")]
    Status(u16),
    /// An answer of another kind.
    #[error("the answer has an unexpected content type")]
    ContentType,
    /// More than 256 KiB.
    #[error("the answer is too large")]
    TooLarge,
    /// What was fetched isn't the document it should be.
    #[error("the document is not usable: {0}")]
    Document(String),
    /// The extra certificate authorities are no PEM file, or there are no authorities at all.
    #[error("certificate authorities: {0}")]
    Authorities(String),
}

/// Fetches what strangers point at, without being led inside.
#[derive(Clone)]
pub struct GuardedClient {
    allow: Arc<[String]>,
    authorities: Authorities,
}

impl GuardedClient {
    /// A client that reaches the public internet and what `allow` names as `host:port` or
    /// `address:port`; `ca_pem` is trusted beside the system's authorities.
    ///
    /// # Errors
    /// When `ca_pem` holds no certificate.
    pub fn new(allow: &[String], ca_pem: Option<&[u8]>) -> Result<Self, FetchError> {
        Ok(Self {
            allow: allow.iter().map(|one| one.to_ascii_lowercase()).collect(),
            authorities: Authorities::new(ca_pem)?,
        })
    }

    /// The body behind the URL, when it is of one of these content types.
    ///
    /// # Errors
    /// When the URL may not be fetched, or the answer isn't a whole 200 of that kind, in time and size.
    pub async fn get(&self, url: &str, content_types: &[&str]) -> Result<Vec<u8>, FetchError> {
        let target = self.target(url)?;
        let fetch = self.fetch(&target, content_types);
        tokio::time::timeout(TIME, fetch)
            .await
            .map_err(|_| FetchError::TooSlow)?
    }

    /// Posts a form, already written as `application/x-www-form-urlencoded`; the status of the answer, whatever it is. What
    /// the answer says is not read.
    ///
    /// # Errors
    /// When the URL may not be asked, or no answer came in time.
    pub async fn post_form(&self, url: &str, form: String) -> Result<StatusCode, FetchError> {
        let target = self.target(url)?;
        let post = async {
            let addresses = self.addresses(&target).await?;
            let request = self
                .connect_to(&target, &addresses)?
                .post(target.url.clone())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form);
            let response = request.send().await.map_err(|error| broken(&error))?;
            Ok(response.status())
        };
        tokio::time::timeout(TIME, post)
            .await
            .map_err(|_| FetchError::TooSlow)?
    }

    fn target(&self, url: &str) -> Result<Target, FetchError> {
        if url.len() > MAX_URL_BYTES {
            return Err(FetchError::Url("too long"));
        }
        let url = Url::parse(url).map_err(|_| FetchError::Url("not a URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Url("it carries a user name"));
        }
        let host = url.host().ok_or(FetchError::Url("no host"))?.to_owned();
        let port = url.port_or_known_default().unwrap_or_default();
        let allowed = self.allows(&format!("{host}:{port}"));
        match url.scheme() {
            "https" => {}
            "http" if allowed => {}
            _ => return Err(FetchError::Url("only https")),
        }
        Ok(Target {
            url,
            host,
            port,
            allowed,
        })
    }

    fn allows(&self, place: &str) -> bool {
        self.allow.iter().any(|one| one == place)
    }

    async fn fetch(&self, target: &Target, content_types: &[&str]) -> Result<Vec<u8>, FetchError> {
        let addresses = self.addresses(target).await?;
        let request = self
            .connect_to(target, &addresses)?
            .get(target.url.clone())
            .header(ACCEPT, content_types.join(", "));
        let mut response = request.send().await.map_err(|error| broken(&error))?;
        if response.status() != http::StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()?.split(';').next());
        let kind = kind.unwrap_or_default().trim();
        if !content_types
            .iter()
            .any(|one| one.eq_ignore_ascii_case(kind))
        {
            return Err(FetchError::ContentType);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The addresses of the host that may be connected to; never none.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, FetchError> {
        let found: Vec<SocketAddr> = match &target.host {
            Host::Ipv4(ip) => vec![(IpAddr::V4(*ip), target.port).into()],
            Host::Ipv6(ip) => vec![(IpAddr::V6(*ip), target.port).into()],
            Host::Domain(name) => tokio::net::lookup_host((name.as_str(), target.port))
                .await
                .map_err(|_| FetchError::Name(name.clone()))?
                .collect(),
        };
        if found.is_empty() {
            return Err(FetchError::Name(target.host.to_string()));
        }
        let may = |address: &SocketAddr| {
            target.allowed || is_public(address.ip()) || self.allows(&address.to_string())
        };
        let good: Vec<_> = found.into_iter().filter(may).collect();
        if good.is_empty() {
            return Err(FetchError::Address(target.host.to_string()));
        }
        Ok(good)
    }

    /// A client for this one request: nothing pooled under a name that was judged some time ago.
    fn connect_to(
        &self,
        target: &Target,
        addresses: &[SocketAddr],
    ) -> Result<reqwest::Client, FetchError> {
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("cardea/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(self.authorities.tls()?);
        if let Host::Domain(name) = &target.host {
            builder = builder.resolve_to_addrs(name, addresses);
        }
        builder.build().map_err(|error| broken(&error))
    }
}

struct Target {
    url: Url,
    host: Host<String>,
    port: u16,
    // Named by the operator, so that its address isn't judged.
    allowed: bool,
}

/// The innermost reason, without the URL: it may carry what doesn't belong in a log.
pub(super) fn broken(error: &reqwest::Error) -> FetchError {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    let own = std::ptr::addr_eq(reason, std::ptr::from_ref(error));
    FetchError::Connection(if own {
        "no usable answer".to_owned()
    } else {
        reason.to_string()
    })
}
