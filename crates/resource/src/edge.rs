//! What is asked of a request before its token: host, origin, rate.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use cardea_web::{
    clock::Clock,
    inbound::{
        ClientAddress, Problem,
        cors::Cors,
        limits::{Decision, Limiter, Rate},
    },
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN,
    },
    uri::Authority,
};
use url::Url;

use crate::config::{ApiConfig, ConfigError, CorsConfig};

/// The methods and request headers that pages of an allowed origin may use.
const PAGES: Cors = Cors::new(
    "GET, HEAD, POST, PUT, PATCH, DELETE",
    "accept, authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, x-requested-with",
);
const ANY: &str = "*";

/// The answer to a request that goes no further; in a box, because it is large and seldom.
pub(crate) type Refused = Box<Response>;

/// The checks that need no token.
pub(crate) struct Edge {
    hosts: Vec<String>,
    origins: Origins,
    per_network: Limiter,
    counts: bool,
}

struct Origins {
    allowed: Vec<String>,
    any: bool,
    credentials: bool,
}

impl Edge {
    pub(crate) fn new(config: &ApiConfig, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Ok(Self {
            hosts: hosts(&config.hosts)?,
            origins: Origins::new(&config.cors)?,
            per_network: limiter(config.limits.per_network, clock),
            counts: config.limits.per_network > 0,
        })
    }

    /// Counts the request, or answers it.
    pub(crate) fn admit(&self, request: &Request) -> Result<Option<Decision>, Refused> {
        self.knows_host(request)?;
        if self.origins.any() && is_preflight(request) {
            return Err(self.origins.preflight(request.headers()).into());
        }
        if !self.counts {
            return Ok(None);
        }
        let Some(client) = request.extensions().get::<ClientAddress>() else {
            tracing::error!(
                "limits.per_network needs Api::protect, which finds the client's address"
            );
            return Err(Problem::internal().into_response().into());
        };
        admitted(self.per_network.check_address(client)).map(Some)
    }

    /// The origin of a request, kept for its answer.
    pub(crate) fn origin(&self, request: &Request) -> Option<HeaderMap> {
        if !self.origins.any() {
            return None;
        }
        let mut origin = HeaderMap::new();
        for value in request.headers().get_all(ORIGIN) {
            origin.append(ORIGIN, value.clone());
        }
        Some(origin)
    }

    /// Marks an answer as readable by the page that asked, if it may.
    pub(crate) fn answer(&self, origin: &HeaderMap, response: &mut HeaderMap) {
        PAGES.answer(origin, response, |origin| self.origins.allows(origin));
        self.origins.credentials(response);
    }

    /// RFC 9110 §7.4: a request for a host that isn't ours is misdirected.
    fn knows_host(&self, request: &Request) -> Result<(), Refused> {
        if self.hosts.is_empty() {
            return Ok(());
        }
        // RFC 9112 §3.2: exactly one Host. RFC 9113 §8.3.1: HTTP/2 has it in the URL.
        let Some(named) = named_hosts(request) else {
            let problem = Problem::new(StatusCode::BAD_REQUEST, "Bad request");
            let problem = problem.detail("The request names no host, or more than one.");
            return Err(problem.into_response().into());
        };
        // RFC 9112 §3.2.2: the target's host outranks the field. A handler may read either, so both must be ours.
        if named.into_iter().flatten().all(|host| self.serves(host)) {
            return Ok(());
        }
        let problem = Problem::new(StatusCode::MISDIRECTED_REQUEST, "Misdirected request");
        let problem = problem.detail("This host is not served here.");
        Err(problem.into_response().into())
    }

    fn serves(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let bare = without_port(&host);
        self.hosts.iter().any(|one| *one == host || *one == bare)
    }
}

impl Origins {
    fn new(config: &CorsConfig) -> Result<Self, ConfigError> {
        let any = config.allowed_origins.iter().any(|origin| origin == ANY);
        // Fetch standard, "CORS protocol and credentials": `*` is no permission for credentials, and to echo every origin in
        // its place would let any page act in its visitors' names.
        if any && config.allow_credentials {
            return Err(ConfigError::WildcardWithCredentials);
        }
        let named = config.allowed_origins.iter().filter(|one| *one != ANY);
        for origin in named {
            let url = Url::parse(origin).ok();
            // Browsers send it just so: lower case, without a default port or a slash. A star within it would match nothing.
            let written = url.map(|url| url.origin().ascii_serialization());
            if written.as_ref() != Some(origin) || origin.contains(ANY) {
                return Err(ConfigError::Origin(origin.clone()));
            }
        }
        Ok(Self {
            allowed: config.allowed_origins.clone(),
            any,
            credentials: config.allow_credentials,
        })
    }

    fn any(&self) -> bool {
        !self.allowed.is_empty()
    }

    fn allows(&self, origin: &str) -> bool {
        self.any || self.allowed.iter().any(|one| one == origin)
    }

    fn preflight(&self, request: &HeaderMap) -> Response {
        let mut response = PAGES.preflight(request, |origin| self.allows(origin));
        self.credentials(response.headers_mut());
        response
    }

    fn credentials(&self, response: &mut HeaderMap) {
        if self.credentials && response.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            let yes = HeaderValue::from_static("true");
            response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }
}

/// A limiter of so many requests a minute; 0 lifts it.
pub(crate) fn limiter(per_minute: u32, clock: Arc<dyn Clock>) -> Limiter {
    match NonZeroU32::new(per_minute) {
        None => Limiter::lifted(),
        Some(requests) => {
            let per = Duration::from_mins(1);
            Limiter::new(Rate { requests, per }, clock)
        }
    }
}

pub(crate) fn admitted(decision: Decision) -> Result<Decision, Refused> {
    if decision.allowed {
        return Ok(decision);
    }
    metrics::counter!(cardea_web::metric_names::RESOURCE_LIMITED).increment(1);
    Err(decision.too_many().into())
}

fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    *request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The hosts that a request names, in its target and in its `Host`. `None` when there is none, or a second `Host`.
fn named_hosts(request: &Request) -> Option<[Option<&str>; 2]> {
    let target = request.uri().authority().map(Authority::as_str);
    let mut values = request.headers().get_all(HOST).iter();
    let field = match (values.next(), values.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().ok().filter(|host| !host.is_empty())?),
        (Some(_), Some(_)) => return None,
    };
    (target.is_some() || field.is_some()).then_some([target, field])
}

/// `[::1]:80` and `localhost:80` without the port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    }
}

fn hosts(configured: &[String]) -> Result<Vec<String>, ConfigError> {
    configured
        .iter()
        .map(|host| {
            let host = host.to_ascii_lowercase();
            let url = Url::parse(&format!("https://{host}/"));
            let plain = !host.contains(['/', '@', '?', '#', '*', ' ']);
            if plain && url.is_ok() && !host.is_empty() {
                Ok(host)
            } else {
                Err(ConfigError::Host(host))
            }
        })
        .collect()
}
