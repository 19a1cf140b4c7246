//! The configuration after it was checked: what requests are looked up in.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use cardea_web::{
    clock::Clock,
    inbound::limits::{Limiter, Rate},
};
use http::{
    HeaderName, HeaderValue,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
};
use ipnet::IpNet;

use crate::{
    checked::{ConfigProblem, Host, Times, hosts, networks, own_path},
    config::{GatewayConfig, HeadersConfig, RouteConfig},
    cookies::PrivateCookies,
    dropped_headers::DroppedHeaders,
    measure::Measures,
    path,
    prefixes::{Ambiguous, Prefixes},
    shares::Shares,
    upstream::Upstream,
};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// The memory of request bodies that are read before they are forwarded.
const BODY_MEMORY: usize = 32 * 1024 * 1024;

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A configuration, ready for use.
pub(crate) struct Table {
    hosts: Vec<Host>,
    routes: Vec<Arc<Route>>,
    // Of the routes, in their order.
    prefixes: Prefixes,
    upstreams: Vec<Arc<Upstream>>,
    pub(crate) trusted: Vec<IpNet>,
    pub(crate) pack: Vec<(HeaderName, HeaderValue)>,
    pub(crate) hsts: bool,
    pub(crate) private: PrivateCookies,
    pub(crate) health: Box<str>,
    pub(crate) metrics: Box<str>,
    metrics_allow: Vec<IpNet>,
    /// Of request bodies that are read before they are forwarded.
    pub(crate) body_memory: Arc<Shares>,
}

/// A route: where requests under a prefix are sent.
pub(crate) struct Route {
    /// Without a trailing slash; empty for `/`.
    prefix: Box<str>,
    pub(crate) segments: usize,
    /// The prefix that is stripped.
    pub(crate) stripped: Option<HeaderValue>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) private_cookies: bool,
    pub(crate) dropped_headers: DroppedHeaders,
    requests_per_minute: u32,
    pub(crate) limiter: Option<Arc<Limiter>>,
    pub(crate) max_body_bytes: u64,
    pub(crate) times: Times,
    pub(crate) measures: Measures,
}

impl Route {
    /// Its name in logs and metrics.
    pub(crate) fn label(&self) -> &str {
        if self.prefix.is_empty() {
            "/"
        } else {
            &self.prefix
        }
    }

    pub(crate) fn strips_prefix(&self) -> bool {
        self.stripped.is_some()
    }

    /// Whether a request of the other route reaches the same place by this one.
    fn can_replace(&self, other: &Self) -> bool {
        let strips = self.strips_prefix() || other.strips_prefix();
        Arc::ptr_eq(&self.upstream, &other.upstream) && !strips
    }
}

impl Table {
    /// Checks a configuration. What did not change is kept from the previous one: connections and the state of rate limits.
    pub(crate) fn build(
        config: &GatewayConfig,
        before: Option<&Self>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ConfigProblem> {
        let old = before.map_or(&[][..], |table| &table.upstreams);
        let upstreams = config.upstreams.iter().map(|one| Upstream::new(one, old));
        let upstreams = upstreams.collect::<Result<Vec<_>, _>>()?;
        let mut routes = Vec::with_capacity(config.routes.len());
        for route in &config.routes {
            let route = build_route(route, &upstreams, before, clock)?;
            if routes
                .iter()
                .any(|other: &Arc<Route>| other.prefix == route.prefix)
            {
                let key = format!("routes \"{}\"", route.label());
                return Err(ConfigProblem::new(key, "the prefix is configured twice"));
            }
            routes.push(Arc::new(route));
        }
        if routes.is_empty() && !config.is_forward_auth_only() {
            return Err(ConfigProblem::new(
                "routes",
                "not set; add at least one [[routes]]",
            ));
        }
        Ok(Self {
            prefixes: Prefixes::new(routes.iter().map(|route| &*route.prefix)),
            hosts: match config.is_forward_auth_only() {
                true => Vec::new(),
                false => hosts(&config.hosts)?,
            },
            routes,
            upstreams,
            trusted: networks("proxy.trusted", &config.proxy.trusted)?,
            pack: pack(&config.headers)?,
            hsts: config.headers.hsts,
            private: PrivateCookies::new(&config.private_cookies),
            health: own_path("health.path", &config.health.path)?,
            metrics: own_path("metrics.path", &config.metrics.path)?,
            metrics_allow: networks("metrics.allow", &config.metrics.allow)?,
            body_memory: before.map_or_else(
                || Shares::new(BODY_MEMORY),
                |table| Arc::clone(&table.body_memory),
            ),
        })
    }

    /// The route of a checked path.
    pub(crate) fn route(&self, path: &str) -> Result<Option<&Arc<Route>>, Ambiguous> {
        let found = self.prefixes.find(path)?;
        let at = |index: Option<usize>| index.and_then(|index| self.routes.get(index));
        let (route, longer) = (at(found.prefix), at(found.with_format));
        Ok(match (route, longer) {
            // `/login.json` is `/login` to many frameworks, so the limits of that route hold if the upstream is the same.
            (Some(route), Some(longer)) if longer.can_replace(route) => Some(longer),
            _ => route,
        })
    }

    /// The host of this authority.
    pub(crate) fn host(&self, authority: &str, https: bool) -> Option<&Host> {
        let usual = if https { ":443" } else { ":80" };
        let name = authority.strip_suffix(usual).unwrap_or(authority);
        let mut hosts = self.hosts.iter();
        hosts.find(|host| host.name.eq_ignore_ascii_case(name))
    }

    /// The host of this name with any port.
    pub(crate) fn named(&self, name: &str) -> Option<&Host> {
        let same = |host: &&Host| {
            let rest = host.name.get(name.len()..).unwrap_or("?");
            let start = host.name.get(..name.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(name) && (rest.is_empty() || rest.starts_with(':'))
        };
        self.hosts.iter().find(same)
    }

    pub(crate) fn may_read_metrics(&self, ip: IpAddr) -> bool {
        self.metrics_allow
            .iter()
            .any(|network| network.contains(&ip))
    }

    /// The longest idle timeout of a route.
    pub(crate) fn longest_idle(&self) -> Duration {
        let times = self.routes.iter().map(|route| route.times.idle);
        times.max().unwrap_or_default()
    }
}

fn build_route(
    config: &RouteConfig,
    upstreams: &[Arc<Upstream>],
    before: Option<&Table>,
    clock: &Arc<dyn Clock>,
) -> Result<Route, ConfigProblem> {
    let problem = |key: &str, what: String| {
        ConfigProblem::new(format!("routes \"{}\".{key}", config.prefix), what)
    };
    let read = path::read(&config.prefix).map_err(|e| problem("prefix", e.to_string()))?;
    let prefix = read.strip_suffix('/').unwrap_or(&read);
    let named = upstreams.iter().find(|one| one.name() == config.upstream);
    let upstream = named.ok_or_else(|| {
        let names: Vec<_> = upstreams.iter().map(|one| one.name()).collect();
        let what = format!(
            "\"{}\" is not one of the [[upstreams]]: {}",
            config.upstream,
            names.join(", ")
        );
        problem("upstream", what)
    })?;
    let stripped = config.strip_prefix && !prefix.is_empty();
    let value = || HeaderValue::try_from(prefix).map_err(|e| problem("prefix", e.to_string()));
    let same = before
        .into_iter()
        .flat_map(|table| &table.routes)
        .find(|old| {
            *old.prefix == *prefix && old.requests_per_minute == config.requests_per_minute
        });
    let limiter = match same {
        Some(old) => old.limiter.clone(),
        None => limiter(config.requests_per_minute, clock),
    };
    Ok(Route {
        segments: prefix.matches('/').count(),
        stripped: if stripped { Some(value()?) } else { None },
        measures: Measures::of(if prefix.is_empty() { "/" } else { prefix }),
        prefix: prefix.into(),
        upstream: Arc::clone(upstream),
        private_cookies: config.private_cookies,
        dropped_headers: DroppedHeaders::new(&config.drop_headers)
            .map_err(|what| problem("drop_headers", what))?,
        requests_per_minute: config.requests_per_minute,
        limiter,
        max_body_bytes: config.max_body_bytes,
        times: Times {
            connect: config.connect_timeout.get(),
            first_byte: config.first_byte_timeout.get(),
            idle: config.idle_timeout.get(),
        },
    })
}

fn limiter(requests_per_minute: u32, clock: &Arc<dyn Clock>) -> Option<Arc<Limiter>> {
    let rate = Rate {
        requests: NonZeroU32::new(requests_per_minute)?,
        per: Duration::from_secs(60),
    };
    Some(Arc::new(Limiter::new(rate, Arc::clone(clock))))
}

fn pack(config: &HeadersConfig) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigProblem> {
    let mut pack = vec![(X_CONTENT_TYPE_OPTIONS, NOSNIFF)];
    for (key, name, text) in [
        (
            "content_security_policy",
            CONTENT_SECURITY_POLICY,
            &config.content_security_policy,
        ),
        ("x_frame_options", X_FRAME_OPTIONS, &config.x_frame_options),
        ("referrer_policy", REFERRER_POLICY, &config.referrer_policy),
        (
            "permissions_policy",
            PERMISSIONS_POLICY,
            &config.permissions_policy,
        ),
    ] {
        if text.is_empty() {
            continue;
        }
        let value = HeaderValue::try_from(text).map_err(|_| {
            ConfigProblem::new(format!("headers.{key}"), "not a valid header value")
        })?;
        pack.push((name, value));
    }
    Ok(pack)
}
