//! The client for the configured issuer, with pooled connections.
//!
//! The configured URL is trusted (design D20). Other URLs of its metadata document are not: they must be https on a public
//! address, which is checked for each new connection.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{
    StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Origin, Url};

use super::{
    addresses::is_public,
    authorities::Authorities,
    guarded_client::{FetchError, MAX_BODY_BYTES, MAX_URL_BYTES, TIME, broken},
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Shorter than the idle timeout of most servers.
const IDLE: Duration = Duration::from_secs(50);
/// The maximum number of idle connections to one host.
const KEPT_CONNECTIONS: usize = 16;

/// The issuer, and how it is reached.
#[derive(Debug, Clone, Default)]
pub struct IssuerClientConfig {
    /// The issuer identifier, exactly as in its metadata.
    pub issuer: String,
    /// Trusted places besides the origin of the issuer: `host:port`, or a URL, of which only the origin counts.
    pub allow: Vec<String>,
    /// Certificate authorities to trust in addition to those of the system.
    pub ca_pem: Option<Vec<u8>>,
}

/// Sends requests to one issuer.
#[derive(Clone)]
pub struct IssuerClient(Arc<Inner>);

struct Inner {
    issuer: String,
    trusted: Vec<Place>,
    authorities: Authorities,
    /// For configured URLs.
    written: OnceLock<Result<reqwest::Client, FetchError>>,
    /// For URLs of a document; resolves names to public addresses only.
    guarded: OnceLock<Result<reqwest::Client, FetchError>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Origin(Origin),
    HostAndPort(String),
}

/// A response of any status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The media type, without its parameters.
    pub content_type: Option<String>,
    /// The complete body, at most 256 KiB.
    pub body: Vec<u8>,
}

impl IssuerClient {
    /// A client for this issuer; nothing is fetched yet.
    ///
    /// # Errors
    /// When the issuer or an allowed place is malformed, or `ca_pem` contains no certificate.
    pub fn new(config: &IssuerClientConfig) -> Result<Self, FetchError> {
        let issuer = parse(&config.issuer)?;
        // OpenID Discovery §3: an issuer has neither query nor fragment.
        if issuer.query().is_some() || issuer.fragment().is_some() {
            return Err(FetchError::Url("an issuer has no query and no fragment"));
        }
        let mut trusted = vec![Place::Origin(issuer.origin())];
        for place in &config.allow {
            trusted.push(Place::parse(place)?);
        }
        Ok(Self(Arc::new(Inner {
            issuer: config.issuer.clone(),
            trusted,
            authorities: Authorities::new(config.ca_pem.as_deref())?,
            written: OnceLock::new(),
            guarded: OnceLock::new(),
        })))
    }

    /// The issuer, as configured.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Whether the URL may be fetched, as far as that can be decided without a connection.
    ///
    /// # Errors
    /// When it must not be fetched.
    pub fn judge(&self, url: &str) -> Result<(), FetchError> {
        self.target(url).map(drop)
    }

    /// Fetches the URL.
    ///
    /// # Errors
    /// When the URL must not be fetched, or no complete response came in time.
    pub async fn get(
        &self,
        url: &str,
        accept: &[&str],
        bearer: Option<&str>,
    ) -> Result<Answer, FetchError> {
        let (url, client) = self.target(url)?;
        let mut request = client.get(url).header(ACCEPT, accept.join(", "));
        if let Some(token) = bearer {
            request = request.bearer_auth(token);
        }
        complete(request).await
    }

    /// Posts a form, already encoded as `application/x-www-form-urlencoded`, and accepts JSON.
    ///
    /// # Errors
    /// When the URL must not be fetched, or no complete response came in time.
    pub async fn post_form(
        &self,
        url: &str,
        authorization: Option<&str>,
        form: &str,
    ) -> Result<Answer, FetchError> {
        let (url, client) = self.target(url)?;
        let mut request = client
            .post(url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_owned());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, sensitive(authorization)?);
        }
        complete(request).await
    }

    /// The URL, and the client for it.
    fn target(&self, url: &str) -> Result<(Url, reqwest::Client), FetchError> {
        let url = parse(url)?;
        if self.0.trusted.iter().any(|place| place.is_of(&url)) {
            return Ok((url, self.0.client(&self.0.written, None)?));
        }
        if url.scheme() != "https" {
            return Err(FetchError::Url("only https"));
        }
        // An address is not resolved, so it is checked here.
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        if let Some(ip) = ip.filter(|ip| !is_public(*ip)) {
            return Err(FetchError::Address(ip.to_string()));
        }
        let client = self.0.client(&self.0.guarded, Some(PublicNames))?;
        Ok((url, client))
    }
}

impl Inner {
    fn client(
        &self,
        place: &OnceLock<Result<reqwest::Client, FetchError>>,
        resolver: Option<PublicNames>,
    ) -> Result<reqwest::Client, FetchError> {
        let build = || {
            let mut builder = reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .timeout(TIME)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(KEPT_CONNECTIONS)
                .user_agent(concat!("cardea/", env!("CARGO_PKG_VERSION")))
                .tls_backend_preconfigured(self.authorities.tls()?);
            if let Some(resolver) = resolver {
                builder = builder.dns_resolver(resolver);
            }
            builder.build().map_err(|error| broken(&error))
        };
        place.get_or_init(build).clone()
    }
}

impl Place {
    fn parse(text: &str) -> Result<Self, FetchError> {
        if text.contains("://") {
            return Ok(Self::Origin(parse(text)?.origin()));
        }
        let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        match port {
            Some(Ok(_)) => Ok(Self::HostAndPort(text.to_ascii_lowercase())),
            _ => Err(FetchError::Url("an allowed place is host:port or a URL")),
        }
    }

    fn is_of(&self, url: &Url) -> bool {
        match self {
            Self::Origin(origin) => *origin == url.origin(),
            Self::HostAndPort(place) => {
                let host = url.host_str().unwrap_or_default();
                let port = url.port_or_known_default().unwrap_or_default();
                *place == format!("{host}:{port}")
            }
        }
    }
}

fn parse(url: &str) -> Result<Url, FetchError> {
    if url.len() > MAX_URL_BYTES {
        return Err(FetchError::Url("too long"));
    }
    let url = Url::parse(url).map_err(|_| FetchError::Url("not a URL"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(FetchError::Url("only https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Url("it carries a user name"));
    }
    Ok(url)
}

/// A header value that debug output does not show.
fn sensitive(value: &str) -> Result<http::HeaderValue, FetchError> {
    let mut value = http::HeaderValue::from_str(value)
        .map_err(|_| FetchError::Connection("invalid Authorization header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn complete(request: reqwest::RequestBuilder) -> Result<Answer, FetchError> {
    let failed = |error: reqwest::Error| why(&error);
    let mut response = request.send().await.map_err(failed)?;
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()?.split(';').next());
    let content_type = kind.map(|kind| kind.trim().to_ascii_lowercase());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    // RFC 8259 §8.1: a byte order mark may be ignored; some frameworks write it before their JSON.
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(Answer {
        status,
        content_type,
        body,
    })
}

fn why(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::TooSlow;
    }
    let mut reason: Option<&dyn std::error::Error> = Some(error);
    while let Some(one) = reason {
        if let Some(ours) = one.downcast_ref::<FetchError>() {
            return ours.clone();
        }
        reason = one.source();
    }
    broken(error)
}

/// Resolves names to public addresses only.
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(|_| FetchError::Name(name.clone()))?;
            let public: Vec<SocketAddr> = found.filter(|one| is_public(one.ip())).collect();
            if public.is_empty() {
                return Err(FetchError::Address(name).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn client(issuer: &str, allow: &[&str]) -> Result<IssuerClient, FetchError> {
        IssuerClient::new(&IssuerClientConfig {
            issuer: issuer.to_owned(),
            allow: allow.iter().map(|&one| one.to_owned()).collect(),
            ca_pem: None,
        })
    }

    #[test]
    fn urls_outside_of_the_issuers_origin_must_be_https_and_public() {
        let client = client(
            "https://id.internal:8443/realm",
            &["10.0.0.7:9000", "http://keys.internal"],
        )
        .unwrap();
        for good in [
            "https://id.internal:8443/keys",
            "http://10.0.0.7:9000/keys",
            "http://keys.internal/any",
            "https://oauth2.example.com/token",
            "https://8.8.8.8/",
        ] {
            assert_eq!(client.judge(good), Ok(()), "{good}");
        }
        for bad in [
            "http://id.internal:8443/keys",
            "http://id.internal/keys",
            "https://10.0.0.7/keys",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "http://oauth2.example.com/token",
            "https://user@id.internal:8443/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "",
        ] {
            assert!(client.judge(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn malformed_issuers_and_places_are_refused() {
        for issuer in [
            "",
            "id.example.com",
            "ftp://id.example.com",
            "https://id.example.com?x",
            "https://id.example.com#x",
        ] {
            assert!(client(issuer, &[]).is_err(), "{issuer}");
        }
        for place in ["", "keys.internal", "keys.internal:port", "file:///x://"] {
            assert!(
                client("https://id.example.com", &[place]).is_err(),
                "{place}"
            );
        }
    }
}
