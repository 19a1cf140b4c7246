//! The configuration of the gateway: what stands in `gateway.toml`.

use cardea_web::config::Duration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::forward_auth::ForwardAuthConfig;

/// The gateway.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GatewayConfig {
    /// The IP addresses and ports to listen at. Changing them takes a restart.
    pub listen: Vec<String>,
    /// The hosts that are answered, as browsers write them: `app.example.com`, with the port when it isn't the scheme's own, such as
    /// `localhost:8443`. A request for any other host is refused. At least one.
    pub hosts: Vec<String>,
    /// TLS by certificate files, which are read again when they change. Without this section the gateway speaks plain HTTP, for
    /// another proxy in front of it.
    pub tls: Option<TlsConfig>,
    /// Plain HTTP that leads to https.
    pub redirect: RedirectConfig,
    /// Proxies in front of the gateway.
    pub proxy: ProxyConfig,
    /// The security headers of every answer. One that the upstream set stays as it is.
    pub headers: HeadersConfig,
    /// Cookies that only a route with `private_cookies = true` gets, and may set: everywhere else they are taken off the request, and off
    /// the answer. A `*` at the end stands for any rest. The default names the cookies of a Cardea provider.
    pub private_cookies: Vec<String>,
    /// How a load balancer asks after the gateway. These paths are answered for any host.
    pub health: HealthConfig,
    /// The metrics for Prometheus.
    pub metrics: MetricsConfig,
    /// The servers behind.
    pub upstreams: Vec<UpstreamConfig>,
    /// Which path goes where. The longest prefix wins.
    pub routes: Vec<RouteConfig>,
    /// Login for apps behind another proxy, which asks here about each request. A gateway may do this alone, without routes.
    pub forward_auth: Option<ForwardAuthConfig>,
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
        }
    }
}

/// TLS by certificate files, which are read again when they change.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// The certificate and its chain, PEM.
    pub cert_file: String,
    /// Its private key, PEM.
    pub key_file: String,
    /// The authority of client certificates, PEM. When it is set clients are asked for one, and a verified one is handed to the
    /// upstream in the header `Client-Cert` (RFC 9440). Changing it takes a restart.
    pub client_ca_file: Option<String>,
    /// Whether a client without a certificate is turned away.
    pub client_certificate_required: bool,
}

/// Plain HTTP that leads to https.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedirectConfig {
    /// Where to listen for plain HTTP, such as `0.0.0.0:80`: every request is answered with the same address by https.
    pub listen: Option<String>,
}

/// Proxies in front.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyConfig {
    /// Addresses or networks, such as `10.0.0.0/8`, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; nobody else's are.
    /// How many connections one network may have isn't bounded for those that stood here at the start.
    pub trusted: Vec<String>,
}

/// The security headers.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeadersConfig {
    /// Whether browsers are told to come by https alone for two years (`Strict-Transport-Security`). It is sent over https only.
    pub hsts: bool,
    /// `Content-Security-Policy` of answers that bring none along; an empty text adds none.
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

/// How a load balancer asks after the gateway.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HealthConfig {
    /// `/live` under this path says that the process lives, `/ready` that it takes requests and isn't about to end.
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
    /// Where they are.
    pub path: String,
    /// Networks that may read them, such as `10.0.0.0/8`; to everybody else there is nothing there.
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

/// A server behind the gateway, spoken to by HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamConfig {
    /// What routes call it.
    pub name: String,
    /// `http://` or `https://`, host and port, nothing else.
    pub url: String,
    /// For https: the only authority that may have signed the upstream's certificate, PEM. Without it the system's are trusted.
    pub ca_file: Option<String>,
    /// For https: the certificate that the gateway shows to the upstream, PEM. It goes with `client_key_file`.
    pub client_cert_file: Option<String>,
    /// The private key of that certificate, PEM.
    pub client_key_file: Option<String>,
    /// The most connections at one time. What is over it is answered 503; one network (IPv4 /24, IPv6 /64) may have half of them, and what
    /// is over that is answered 429. A request has one until the client has its answer, a WebSocket until it ends.
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

/// Where the requests under one path go.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteConfig {
    /// The path at whose segments the route begins: `/api` is `/api` and `/api/orders`, not `/apis`. `/` is everything.
    pub prefix: String,
    /// The name of an upstream.
    pub upstream: String,
    /// Whether the prefix is taken off before the upstream sees the path. It is told in `X-Forwarded-Prefix` then.
    pub strip_prefix: bool,
    /// Whether the upstream is the one that the private cookies belong to.
    pub private_cookies: bool,
    /// Requests a minute of one network (IPv4 /24, IPv6 /64), all of which may come at once. More are answered 429. `0` lifts the limit.
    pub requests_per_minute: u32,
    /// The most bytes of a request's body. More are answered 413.
    pub max_body_bytes: u64,
    /// How long a connection to the upstream may take, TLS included. Then 504.
    pub connect_timeout: Duration,
    /// How long the upstream may take to begin its answer, counted from the last piece of the request. Then 504.
    pub first_byte_timeout: Duration,
    /// How long an answer under way may stand still, and a WebSocket be silent, before the connection is cut.
    pub idle_timeout: Duration,
}

impl Default for RouteConfig {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            upstream: String::new(),
            strip_prefix: false,
            private_cookies: false,
            requests_per_minute: 0,
            max_body_bytes: 10 * 1024 * 1024,
            connect_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
        }
    }
}

impl GatewayConfig {
    /// Makes the file names absolute, which are meant relative to this folder.
    pub fn place(&mut self, folder: &std::path::Path) {
        let within = |path: &mut String| *path = folder.join(&*path).display().to_string();
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

    /// Whether there is nothing but forward-auth to do.
    pub(crate) fn asks_alone(&self) -> bool {
        self.routes.is_empty() && self.forward_auth.is_some()
    }
}
