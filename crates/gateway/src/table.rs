//! The configuration after it was checked: what requests are looked up in.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use cardea_web::{
    clock::Clock,
    inbound::{
        ClientAddress,
        limits::{Decision, Limiter, Rate},
    },
};
use http::{
    HeaderName, HeaderValue,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
};
use ipnet::IpNet;

use crate::{
    checked::{Host, Times, hosts, networks, own_path},
    config::{GatewayConfig, HeadersConfig, RouteConfig},
    cookies::PrivateCookies,
    dropped_headers::DroppedHeaders,
    measure::Measures,
    path,
    prefixes::{Ambiguous, Prefixes},
    problem::{ConfigProblem, ConfigProblems, Entry, Problems},
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
    private_cookies: bool,
    dropped_headers: DroppedHeaders,
    requests_per_minute: u32,
    limiter: Option<Arc<Limiter>>,
    max_body_bytes: u64,
    times: Times,
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

    /// Whether a request of the other route reaches the same server by this one, with the same path.
    fn leads_where(&self, other: &Self) -> bool {
        let strips = self.strips_prefix() || other.strips_prefix();
        self.upstream.is_same_server(&other.upstream) && !strips
    }
}

/// The route of a request, with all whose settings hold too. Of each setting the strictest counts.
pub(crate) struct Routed {
    pub(crate) route: Arc<Route>,
    // Mostly empty, which takes no memory.
    also: Vec<Arc<Route>>,
}

impl Routed {
    fn all(&self) -> impl Iterator<Item = &Route> {
        std::iter::once(&self.route)
            .chain(&self.also)
            .map(|one| &**one)
    }

    /// Asks the rate limits. The decision of the one that is used up, or will be next.
    pub(crate) fn check_rate(&self, client: &ClientAddress) -> Option<Decision> {
        let limiters = self.all().filter_map(|route| route.limiter.as_ref());
        let decisions = limiters.map(|limiter| limiter.check_address(client));
        decisions.min_by_key(|decision| (decision.allowed, decision.remaining))
    }

    pub(crate) fn max_body_bytes(&self) -> u64 {
        let sizes = self.also.iter().map(|route| route.max_body_bytes);
        sizes.fold(self.route.max_body_bytes, u64::min)
    }

    pub(crate) fn times(&self) -> Times {
        let times = self.also.iter().map(|route| route.times);
        times.fold(self.route.times, Times::min)
    }

    pub(crate) fn drops(&self, header: &HeaderName) -> bool {
        self.all()
            .any(|route| route.dropped_headers.contains(header))
    }

    /// Whether the upstream owns the private cookies.
    pub(crate) fn private_cookies(&self) -> bool {
        self.all().all(|route| route.private_cookies)
    }
}

impl Table {
    /// Checks a configuration. What did not change is kept from the previous one: connections and the state of rate limits.
    pub(crate) fn build(
        config: &GatewayConfig,
        before: Option<&Self>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ConfigProblems> {
        let mut problems = Problems::default();
        let upstreams = upstreams(config, before, &mut problems);
        let routes = routes(config, &upstreams, before, &mut problems, clock);
        if config.routes.is_empty() && !config.is_forward_auth_only() {
            let what = "not set; add at least one [[routes]]";
            problems.add(ConfigProblem::new("routes", what));
        }
        let hosts = problems.keep(match config.is_forward_auth_only() {
            true => Ok(Vec::new()),
            false => hosts(&config.hosts),
        });
        let trusted = problems.keep(networks("proxy.trusted", &config.proxy.trusted));
        let pack = pack(&config.headers, &mut problems);
        let health = problems.keep(own_path("health.path", &config.health.path));
        let metrics = problems.keep(own_path("metrics.path", &config.metrics.path));
        let metrics_allow = problems.keep(networks("metrics.allow", &config.metrics.allow));
        let table = || {
            Some(Self {
                prefixes: Prefixes::new(routes.iter().map(|route| &*route.prefix)),
                hosts: hosts?,
                routes,
                upstreams,
                trusted: trusted?,
                pack,
                hsts: config.headers.hsts,
                private: PrivateCookies::new(&config.private_cookies),
                health: health?,
                metrics: metrics?,
                metrics_allow: metrics_allow?,
                body_memory: before.map_or_else(
                    || Shares::new(BODY_MEMORY),
                    |table| Arc::clone(&table.body_memory),
                ),
            })
        };
        problems.settle(table())
    }

    /// The route of a checked path.
    pub(crate) fn route(&self, path: &str) -> Result<Option<Routed>, Ambiguous> {
        let found = self.prefixes.find(path)?;
        let at = |index: usize| self.routes.get(index);
        let Some(route) = found.prefix.and_then(at) else {
            return Ok(None);
        };
        // `/login.json` and `/index.php/login` are `/login` to many frameworks, so the settings of that route hold too if the
        // server is the same.
        let also = found.also.into_iter().filter_map(at);
        let also = also.filter(|other| other.leads_where(route));
        Ok(Some(Routed {
            route: Arc::clone(route),
            also: also.map(Arc::clone).collect(),
        }))
    }

    pub(crate) fn upstreams(&self) -> &[Arc<Upstream>] {
        &self.upstreams
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

fn upstreams(
    config: &GatewayConfig,
    before: Option<&Table>,
    problems: &mut Problems,
) -> Vec<Arc<Upstream>> {
    let old = before.map_or(&[][..], |table| &table.upstreams);
    let mut built = Vec::with_capacity(config.upstreams.len());
    for (index, one) in config.upstreams.iter().enumerate() {
        let entry = Entry::new("upstreams", index, &one.name);
        let mut earlier = config.upstreams.iter().take(index);
        if earlier.any(|other| other.name == one.name) {
            problems.add(entry.problem("name", "the name is configured twice"));
        }
        built.extend(problems.keep(Upstream::new(one, &entry, old)));
    }
    built
}

fn routes(
    config: &GatewayConfig,
    upstreams: &[Arc<Upstream>],
    before: Option<&Table>,
    problems: &mut Problems,
    clock: &Arc<dyn Clock>,
) -> Vec<Arc<Route>> {
    let mut routes: Vec<Arc<Route>> = Vec::with_capacity(config.routes.len());
    for (index, one) in config.routes.iter().enumerate() {
        let entry = Entry::new("routes", index, &one.prefix);
        if !config.upstreams.iter().any(|up| up.name == one.upstream) {
            problems.add(entry.problem("upstream", unknown_upstream(config, &one.upstream)));
        }
        let Some(parts) = problems.keep(RouteParts::read(one, &entry)) else {
            continue;
        };
        if routes.iter().any(|other| *other.prefix == *parts.prefix) {
            problems.add(entry.problem("prefix", "the prefix is configured twice"));
        }
        // Otherwise its problem was added.
        let upstream = upstreams.iter().find(|up| up.name() == one.upstream);
        if let Some(upstream) = upstream {
            routes.push(Arc::new(parts.route(one, upstream, before, clock)));
        }
    }
    routes
}

fn unknown_upstream(config: &GatewayConfig, name: &str) -> String {
    let names: Vec<_> = config.upstreams.iter().map(|one| &*one.name).collect();
    let names = names.join(", ");
    format!("\"{name}\" is not one of the [[upstreams]]: {names}")
}

/// What may be wrong in a route.
struct RouteParts {
    prefix: Box<str>,
    stripped: Option<HeaderValue>,
    dropped_headers: DroppedHeaders,
}

impl RouteParts {
    fn read(config: &RouteConfig, entry: &Entry) -> Result<Self, ConfigProblems> {
        let mut problems = Problems::default();
        let prefix = path::configured(&config.prefix);
        let prefix = problems.keep(prefix.map_err(|what| entry.problem("prefix", what)));
        let prefix = prefix
            .as_deref()
            .map(|read| read.strip_suffix('/').unwrap_or(read));
        let stripped = prefix.filter(|prefix| config.strip_prefix && !prefix.is_empty());
        let stripped = stripped.map(|prefix| {
            HeaderValue::try_from(prefix).map_err(|e| entry.problem("prefix", e.to_string()))
        });
        let stripped = problems.keep(stripped.transpose());
        let dropped = DroppedHeaders::new(&config.drop_headers);
        let dropped = problems.keep(dropped.map_err(|what| entry.problem("drop_headers", what)));
        let parts = || {
            Some(Self {
                prefix: prefix?.into(),
                stripped: stripped?,
                dropped_headers: dropped?,
            })
        };
        problems.settle(parts())
    }

    fn route(
        self,
        config: &RouteConfig,
        upstream: &Arc<Upstream>,
        before: Option<&Table>,
        clock: &Arc<dyn Clock>,
    ) -> Route {
        let prefix = self.prefix;
        let mut old = before.into_iter().flat_map(|table| &table.routes);
        let same = old.find(|old| {
            old.prefix == prefix && old.requests_per_minute == config.requests_per_minute
        });
        Route {
            segments: prefix.matches('/').count(),
            stripped: self.stripped,
            measures: Measures::of(if prefix.is_empty() { "/" } else { &prefix }),
            prefix,
            upstream: Arc::clone(upstream),
            private_cookies: config.private_cookies,
            dropped_headers: self.dropped_headers,
            requests_per_minute: config.requests_per_minute,
            limiter: match same {
                Some(old) => old.limiter.clone(),
                None => limiter(config.requests_per_minute, clock),
            },
            max_body_bytes: config.max_body_bytes,
            times: Times {
                connect: config.connect_timeout.get(),
                first_byte: config.first_byte_timeout.get(),
                idle: config.idle_timeout.get(),
            },
        }
    }
}

fn limiter(requests_per_minute: u32, clock: &Arc<dyn Clock>) -> Option<Arc<Limiter>> {
    let rate = Rate {
        requests: NonZeroU32::new(requests_per_minute)?,
        per: Duration::from_secs(60),
    };
    Some(Arc::new(Limiter::new(rate, Arc::clone(clock))))
}

fn pack(config: &HeadersConfig, problems: &mut Problems) -> Vec<(HeaderName, HeaderValue)> {
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
        match HeaderValue::try_from(text) {
            Ok(value) => pack.push((name, value)),
            Err(_) => {
                let key = format!("headers.{key}");
                problems.add(ConfigProblem::new(key, "not a valid header value"));
            }
        }
    }
    pack
}
