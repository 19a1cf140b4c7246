//! The client for URLs that come from input.
//!
//! It resolves the name, checks each address, and connects only to the addresses that it checked, so that DNS rebinding
//! between check and use has no effect.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http::{
    StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use url::{Host, Url};

use super::{addresses::is_public, authorities::Authorities};

/// The timeout of a whole fetch.
pub(super) const TIME: Duration = Duration::from_secs(5);
/// The maximum size of a response.
pub(super) const MAX_BODY_BYTES: usize = 256 * 1024;
/// The maximum length of a URL.
pub(super) const MAX_URL_BYTES: usize = 2048;

/// Why a fetch failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL must not be fetched at all.
    #[error("the URL may not be fetched: {0}")]
    Url(&'static str),
    /// It leads to an internal address that is not on the allow-list.
    #[error("{0} leads to an address that is not public; add it to `allow` if that is intended")]
    Address(String),
    /// The name has no address.
    #[error("{0} could not be resolved")]
    Name(String),
    /// No connection, a TLS error, or a malformed response.
    #[error("the request failed: {0}")]
    Connection(String),
    /// The fetch timed out.
    #[error("the request took longer than 5 s")]
    TooSlow,
    /// A status other than 200; redirects are not followed.
    #[error("the response has status {0}")]
    Status(u16),
    /// The response has another content type.
    #[error("the response has an unexpected content type")]
    ContentType,
    /// The response has more than 256 KiB.
    #[error("the response is too large")]
    TooLarge,
    /// The response is not the expected document.
    #[error("the document is not usable: {0}")]
    Document(String),
    /// The additional certificate authorities are not a PEM file, or there are no authorities at all.
    #[error("certificate authorities: {0}")]
    Authorities(String),
}

/// Fetches untrusted URLs, from public addresses only.
#[derive(Clone)]
pub struct GuardedClient {
    allow: Arc<[String]>,
    authorities: Authorities,
}

impl GuardedClient {
    /// A client that reaches the public internet and what `allow` lists as `host:port` or `address:port`. It trusts `ca_pem` in
    /// addition to the authorities of the system.
    ///
    /// # Errors
    /// When `ca_pem` contains no certificate.
    pub fn new(allow: &[String], ca_pem: Option<&[u8]>) -> Result<Self, FetchError> {
        Ok(Self {
            allow: allow.iter().map(|one| one.to_ascii_lowercase()).collect(),
            authorities: Authorities::new(ca_pem)?,
        })
    }

    /// The body at the URL, if it has one of these content types.
    ///
    /// # Errors
    /// When the URL must not be fetched, or the response is not a complete 200 of that type within the limits of time and size.
    pub async fn get(&self, url: &str, content_types: &[&str]) -> Result<Vec<u8>, FetchError> {
        let target = self.target(url)?;
        let fetch = self.fetch(&target, content_types);
        tokio::time::timeout(TIME, fetch)
            .await
            .map_err(|_| FetchError::TooSlow)?
    }

    /// Posts a form, already encoded as `application/x-www-form-urlencoded`, and returns the status of the response, whose body
    /// is not read.
    ///
    /// # Errors
    /// When the URL must not be requested, or no response came in time.
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

    /// The allowed addresses of the host; never empty.
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

    /// A client for this request only: a pooled connection would belong to an earlier check of the name.
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
    // On the allow-list, so that its address is not checked.
    allowed: bool,
}

/// The innermost reason, without the URL: it may contain what must not be logged.
pub(super) fn broken(error: &reqwest::Error) -> FetchError {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    let own = std::ptr::addr_eq(reason, std::ptr::from_ref(error));
    FetchError::Connection(if own {
        "no valid response".to_owned()
    } else {
        reason.to_string()
    })
}
