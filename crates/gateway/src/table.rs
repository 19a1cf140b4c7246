//! The configuration after it was checked: what the hot path looks things up in.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use cardea_web::clock::Clock;
use cardea_web::inbound::limits::{Limiter, Rate};
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;

use crate::checked::{ConfigProblem, Host, Times, hosts, networks, own_path};
use crate::config::{GatewayConfig, HeadersConfig, RouteConfig};
use crate::cookies::PrivateCookies;
use crate::measure::Measures;
use crate::path;
use crate::upstream::Upstream;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// One configuration, ready for use.
pub(crate) struct Table {
    hosts: Vec<Host>,
    routes: Vec<Arc<Route>>,
    upstreams: Vec<Arc<Upstream>>,
    pub(crate) trusted: Vec<IpNet>,
    pub(crate) pack: Vec<(HeaderName, HeaderValue)>,
    pub(crate) hsts: bool,
    pub(crate) private: PrivateCookies,
    pub(crate) health: Box<str>,
    pub(crate) metrics: Box<str>,
    metrics_allow: Vec<IpNet>,
}

/// Where the requests under a prefix go.
pub(crate) struct Route {
    /// Without a slash at its end; empty for everything.
    prefix: Box<str>,
    pub(crate) segments: usize,
    /// The prefix that is taken off.
    pub(crate) stripped: Option<HeaderValue>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) private_cookies: bool,
    requests_per_minute: u32,
    pub(crate) limiter: Option<Arc<Limiter>>,
    pub(crate) max_body_bytes: u64,
    pub(crate) times: Times,
    pub(crate) measures: Measures,
}

impl Route {
    /// Its name in log and metrics.
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
}

impl Table {
    /// Checks a configuration. What didn't change is taken over from the one before: connections, and what rate limits have counted.
    pub(crate) fn build(
        config: &GatewayConfig,
        before: Option<&Self>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ConfigProblem> {
        let old = before.map_or(&[][..], |table| &table.upstreams);
        let upstreams = config.upstreams.iter().map(|one| Upstream::new(one, old));
        let upstreams = upstreams.collect::<Result<Vec<_>, _>>()?;
        let mut routes = Vec::new();
        for route in &config.routes {
            let route = build_route(route, &upstreams, before, clock)?;
            if routes
                .iter()
                .any(|other: &Arc<Route>| other.prefix == route.prefix)
            {
                let key = format!("routes \"{}\"", route.label());
                return Err(ConfigProblem::new(key, "the prefix is there twice"));
            }
            routes.push(Arc::new(route));
        }
        if routes.is_empty() && !config.asks_alone() {
            return Err(ConfigProblem::new(
                "routes",
                "there are none; write at least one [[routes]]",
            ));
        }
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        Ok(Self {
            hosts: match config.asks_alone() {
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
        })
    }

    /// The route of a path that was read.
    pub(crate) fn route(&self, path: &str) -> Option<&Arc<Route>> {
        let mut routes = self.routes.iter();
        routes.find(|route| path::is_under(path, &route.prefix))
    }

    /// The host of this authority.
    pub(crate) fn host(&self, authority: &str, https: bool) -> Option<&Host> {
        let usual = if https { ":443" } else { ":80" };
        let name = authority.strip_suffix(usual).unwrap_or(authority);
        let mut hosts = self.hosts.iter();
        hosts.find(|host| host.name.eq_ignore_ascii_case(name))
    }

    /// The host of this name, whatever its port.
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

    /// The longest time that an answer may stand still.
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
            "\"{}\" is none of the [[upstreams]]: {}",
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
            ConfigProblem::new(format!("headers.{key}"), "not the value of a header")
        })?;
        pack.push((name, value));
    }
    Ok(pack)
}
