//! The configuration of the gateway: the content of `gateway.toml`.

use std::path::Path;

use cardea_web::config::Duration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{forward_auth::ForwardAuthConfig, problem::Places};

/// The gateway.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GatewayConfig {
    /// The IP addresses and ports to listen on. A change requires a restart.
    pub listen: Vec<String>,
    /// The hosts that are served, as browsers send them: `app.example.com`, with the port unless it is the default of the scheme, such as
    /// `localhost:8443`. Requests for other hosts are refused. At least one.
    pub hosts: Vec<String>,
    /// TLS with certificate files, which are reloaded when they change. Without this section the gateway serves plain HTTP, for use
    /// behind another proxy.
    pub tls: Option<TlsConfig>,
    /// Redirects plain HTTP to https.
    pub redirect: RedirectConfig,
    /// Proxies in front of the gateway.
    pub proxy: ProxyConfig,
    /// The security headers of responses. A header that the upstream sets is kept.
    pub headers: HeadersConfig,
    /// Cookies that only routes with `private_cookies = true` receive and may set. On other routes they are removed from requests and
    /// responses. A `*` at the end matches any rest. The default lists the cookies of a Cardea provider.
    pub private_cookies: Vec<String>,
    /// Health checks. These paths are answered for any host.
    pub health: HealthConfig,
    /// The metrics for Prometheus.
    pub metrics: MetricsConfig,
    /// The servers behind the gateway.
    pub upstreams: Vec<UpstreamConfig>,
    /// Which path is sent to which upstream. The longest prefix wins.
    pub routes: Vec<RouteConfig>,
    /// Login for apps behind another proxy, which asks the gateway about each request. A gateway may do only this, without routes.
    pub forward_auth: Option<ForwardAuthConfig>,
    /// Where the keys are, for problems.
    #[serde(skip)]
    pub places: Places,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        let names = ["session", "browser", "device"];
        let both = |name: &str| [format!("__Host-cardea_{name}*"), format!("cardea_{name}*")];
        Self {
            listen: vec!["127.0.0.1:8443".to_owned()],
            hosts: Vec::new(),
            tls: None,
            redirect: RedirectConfig::default(),
            proxy: ProxyConfig::default(),
            headers: HeadersConfig::default(),
            private_cookies: names.into_iter().flat_map(both).collect(),
            health: HealthConfig::default(),
            metrics: MetricsConfig::default(),
            upstreams: Vec::new(),
            routes: Vec::new(),
            forward_auth: None,
            places: Places::default(),
        }
    }
}

/// TLS with certificate files, which are reloaded when they change.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// The certificate and its chain, PEM.
    pub cert_file: String,
    /// Its private key, PEM.
    pub key_file: String,
    /// The authority of client certificates, PEM. When set, clients are asked for a certificate, and a verified one is sent to the
    /// upstream in the header `Client-Cert` (RFC 9440). A change requires a restart.
    pub client_ca_file: Option<String>,
    /// Whether clients without a certificate are refused.
    pub client_certificate_required: bool,
}

/// Redirects plain HTTP to https.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedirectConfig {
    /// The address to listen on for plain HTTP, such as `0.0.0.0:80`. Every request is redirected to the same URL with https.
    pub listen: Option<String>,
}

/// Proxies in front of the gateway.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyConfig {
    /// Addresses or networks, such as `10.0.0.0/8`, whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted; all others are ignored.
    /// The limit of connections of a network does not apply to them. A change requires a restart.
    pub trusted: Vec<String>,
}

/// The security headers.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeadersConfig {
    /// Whether responses over https have `Strict-Transport-Security`: browsers then use only https for two years.
    pub hsts: bool,
    /// `Content-Security-Policy` of responses that have none; an empty text adds none.
    pub content_security_policy: String,
    /// `X-Frame-Options`, likewise.
    pub x_frame_options: String,
    /// `Referrer-Policy`, likewise.
    pub referrer_policy: String,
    /// `Permissions-Policy`, likewise.
    pub permissions_policy: String,
}

impl Default for HeadersConfig {
    fn default() -> Self {
        Self {
            hsts: true,
            content_security_policy: "frame-ancestors 'self'; object-src 'none'; base-uri 'self'"
                .to_owned(),
            x_frame_options: "SAMEORIGIN".to_owned(),
            referrer_policy: "strict-origin-when-cross-origin".to_owned(),
            permissions_policy: "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
                .to_owned(),
        }
    }
}

/// Health checks.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HealthConfig {
    /// `/live` under this path reports that the process runs, `/ready` that it accepts requests and is not shutting down.
    pub path: String,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            path: "/health".to_owned(),
        }
    }
}

/// The metrics for Prometheus.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// The path of the metrics.
    pub path: String,
    /// Networks that may read them, such as `10.0.0.0/8`; for all others the path is an ordinary one.
    pub allow: Vec<String>,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            path: "/gateway/metrics".to_owned(),
            allow: vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
        }
    }
}

/// A server behind the gateway, reached by HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamConfig {
    /// The name that routes use.
    pub name: String,
    /// `http://` or `https://`, host and port, nothing else.
    pub url: String,
    /// For https: the only authority accepted for the upstream's certificate, PEM. Without it the system's authorities are trusted.
    pub ca_file: Option<String>,
    /// For https: the client certificate of the gateway, PEM. Requires `client_key_file`.
    pub client_cert_file: Option<String>,
    /// The private key of that certificate, PEM.
    pub client_key_file: Option<String>,
    /// The maximum number of connections, and of requests in progress: a request counts until the client has its whole response, a
    /// WebSocket until it ends. Beyond it the answer is 503. A network (IPv4 /24, IPv6 /64) may have as many as are left free, a
    /// wide network (/16, /48) twice as many; beyond that the answer is 429.
    pub max_connections: usize,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            ca_file: None,
            client_cert_file: None,
            client_key_file: None,
            max_connections: 512,
        }
    }
}

/// A route: where requests under a prefix are sent.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteConfig {
    /// The path prefix, matched by whole segments: `/api` matches `/api` and `/api/orders`, not `/apis`. `/` matches everything.
    /// Literal: `*`, `?`, `#`, `{}` and other signs of patterns are refused.
    /// A path that some applications would read as one under another route (`/API`, `/api;x`, `/api%20`) is refused; for one with a
    /// format or behind a script (`/api.json`, `/index.php/api`) the settings of this route hold too if it leads to the same server,
    /// and of each setting the strictest counts.
    pub prefix: String,
    /// The name of an upstream.
    pub upstream: String,
    /// Whether the prefix is removed from the path before it is forwarded. The upstream then finds it in `X-Forwarded-Prefix`.
    pub strip_prefix: bool,
    /// Whether the upstream owns the private cookies.
    pub private_cookies: bool,
    /// Further request headers that are not forwarded; a `*` at the end matches any rest, as in `X-Acme-*`. Headers by which proxies
    /// report the identity or the address of a client (`X-Forwarded-*`, `Remote-User`, `X-Auth-Request-*`, `X-User*`, `X-Email`, `Shib-*`, names
    /// that end in `-User`, `-Roles`, `-Ip` …) are never forwarded; the guide lists them.
    pub drop_headers: Vec<String>,
    /// Requests per minute of one network (IPv4 /24, IPv6 /64), all of which may come at once. Beyond it the answer is 429. `0` means no limit.
    pub requests_per_minute: u32,
    /// The maximum size of a request body. Beyond it the answer is 413.
    pub max_body_bytes: u64,
    /// The timeout for a connection to the upstream, including TLS. Then 504.
    pub connect_timeout: Duration,
    /// The timeout for the start of the upstream's response, counted from the last part of the request. Then 504.
    pub first_byte_timeout: Duration,
    /// How long a response may pause, and a WebSocket be silent, before the connection is closed.
    pub idle_timeout: Duration,
}

impl Default for RouteConfig {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            upstream: String::new(),
            strip_prefix: false,
            private_cookies: false,
            drop_headers: Vec::new(),
            requests_per_minute: 0,
            max_body_bytes: 10 * 1024 * 1024,
            connect_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
        }
    }
}

impl GatewayConfig {
    /// Makes file names absolute, which are relative to this folder.
    pub fn place(&mut self, folder: &Path) {
        let within = |path: &mut String| {
            if !path.is_empty() {
                *path = folder.join(&*path).display().to_string();
            }
        };
        if let Some(tls) = &mut self.tls {
            within(&mut tls.cert_file);
            within(&mut tls.key_file);
            tls.client_ca_file.as_mut().into_iter().for_each(within);
        }
        for upstream in &mut self.upstreams {
            let files = [
                &mut upstream.ca_file,
                &mut upstream.client_cert_file,
                &mut upstream.client_key_file,
            ];
            files.into_iter().flatten().for_each(within);
        }
        if let Some(forward_auth) = &mut self.forward_auth {
            within(&mut forward_auth.key_file);
            let login = &mut forward_auth.login;
            let files = [
                &mut login.ca_file,
                &mut login.authentication.client_secret_file,
                &mut login.authentication.private_key_file,
                &mut login.authentication.certificate_file,
            ];
            files.into_iter().flatten().for_each(within);
        }
    }

    /// The files with secrets, which no other user of the machine should read, each with its key.
    #[must_use]
    pub fn secret_files(&self) -> Vec<(&'static str, &Path)> {
        let upstreams = self.upstreams.iter();
        let mut files: Vec<_> = upstreams
            .map(|one| ("upstreams.client_key_file", one.client_key_file.as_deref()))
            .collect();
        if let Some(tls) = &self.tls {
            files.push(("tls.key_file", Some(&tls.key_file)));
        }
        if let Some(forward_auth) = &self.forward_auth {
            let authentication = &forward_auth.login.authentication;
            files.extend([
                ("forward_auth.key_file", Some(&*forward_auth.key_file)),
                (
                    "forward_auth.login.authentication.client_secret_file",
                    authentication.client_secret_file.as_deref(),
                ),
                (
                    "forward_auth.login.authentication.private_key_file",
                    authentication.private_key_file.as_deref(),
                ),
            ]);
        }
        let named = files
            .into_iter()
            .filter_map(|(key, file)| Some((key, file?)));
        let named = named.filter(|(_, file)| !file.is_empty());
        named.map(|(key, file)| (key, Path::new(file))).collect()
    }

    /// Whether the gateway does nothing but forward-auth.
    pub(crate) fn is_forward_auth_only(&self) -> bool {
        self.routes.is_empty() && self.forward_auth.is_some()
    }
}
