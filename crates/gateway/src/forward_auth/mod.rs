//! Login for apps behind nginx, Caddy or Traefik, which ask the gateway about each request.
//!
//! Each app has its own sessions on its own origin: cookies are `__Host-`, so no app sees those of another. The user logs in at
//! the provider only once.

mod check;
mod config;
mod rules;

pub use config::{AccessRule, ForwardAuthConfig, ProtectedApp};

use std::{collections::HashMap, path::Path, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::any,
};
use cardea_client::{
    Clock, Entropy, MasterKey,
    bff::{Bff, BffConfig, CsrfPolicy, Paths},
    rp::RelyingParty,
    session::{MemoryStore, SessionConfig, Sessions},
};
use cardea_web::{
    inbound::{Inbound, Peer, RequestId},
    log::REFUSED,
};
use http::{HeaderMap, HeaderValue, StatusCode, header::HOST};
use ipnet::IpNet;
use tower::ServiceExt as _;
use url::{Host, Url};

use self::{check::App, rules::Rules};
use crate::{
    checked::{networks, own_path},
    error_page::{ErrorText, Form},
    prefixes::Ambiguous,
    problem::{ConfigProblem, ConfigProblems, Entry, Problems},
};

/// The apps by host, and the trusted proxies.
#[derive(Clone)]
struct Apps {
    apps: Arc<HashMap<String, Router>>,
    trusted: Arc<[IpNet]>,
}

/// The routes at the address for the proxies.
pub(crate) fn router(
    config: &ForwardAuthConfig,
    clock: &Arc<dyn Clock>,
    entropy: &Entropy,
) -> Result<Router, ConfigProblems> {
    let mut problems = Problems::default();
    let key = problems.keep(key(config));
    let trusted = problems.keep(networks("forward_auth.trusted", &config.trusted));
    let path = problems.keep(login_path(&config.path));
    let login = &config.login;
    if !login.redirect_uri.is_empty() || login.post_logout_redirect_uri.is_some() {
        let what = "must not be set: it is made for each app from its origin and forward_auth.path";
        let key = "forward_auth.login.redirect_uri";
        problems.add(ConfigProblem::new(key, what));
    }
    if config.apps.is_empty() {
        let what = "not set; add at least one [[forward_auth.apps]]";
        problems.add(ConfigProblem::new("forward_auth.apps", what));
    }
    if config.trusted.is_empty() {
        let what = "not set; add the address of the proxy";
        problems.add(ConfigProblem::new("forward_auth.trusted", what));
    }
    if config.user_claim.is_empty() {
        let what = "not set; name a claim such as sub";
        problems.add(ConfigProblem::new("forward_auth.user_claim", what));
    }
    // Without a key or a path the rest is checked all the same, and used for nothing.
    let common = Common {
        config,
        path: path.unwrap_or_else(|| "/forward-auth".into()),
        key: key.unwrap_or_else(|| MasterKey::generate(entropy)),
        clock,
        entropy,
    };
    let mut apps = HashMap::new();
    for (index, app) in config.apps.iter().enumerate() {
        let entry = Entry::new("forward_auth.apps", index, &app.origin);
        let rules = problems.keep(Rules::read(&app.rules, &entry));
        let host = problems.keep(host(&app.origin).map_err(|what| entry.problem("origin", what)));
        let (Some(rules), Some(host)) = (rules, host) else {
            continue;
        };
        let router = problems.keep(common.protected(&app.origin, rules, &entry));
        let router = router.unwrap_or_default();
        if apps.insert(host, router).is_some() {
            problems.add(entry.problem("origin", "the origin is configured twice"));
        }
    }
    let trusted = problems.settle(trusted)?;
    let state = Apps {
        apps: Arc::new(apps),
        trusted: trusted.clone().into(),
    };
    let seed = u64::from_le_bytes(entropy.bytes());
    let mut inbound = Inbound::new(true, seed);
    inbound.trusted_proxies = trusted;
    Ok(inbound.wrap(Router::new().fallback(enter).with_state(state)))
}

/// A warning of a provider whose answers anybody in between could change.
pub(crate) fn warning(config: &ForwardAuthConfig) -> Option<ConfigProblem> {
    let issuer = Url::parse(&config.login.issuer).ok()?;
    let is_loopback = match issuer.host()? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    let what = "plain http to another machine: anyone between can log in as any user; use https";
    (issuer.scheme() == "http" && !is_loopback)
        .then(|| ConfigProblem::new("forward_auth.login.issuer", what))
}

/// The path of the login, the callback and the logout.
fn login_path(text: &str) -> Result<Box<str>, ConfigProblem> {
    let key = "forward_auth.path";
    let path = own_path(key, text)?;
    // The router gives other characters a meaning.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    if path.is_empty() || !path.bytes().all(is_plain) {
        let what = "not a path of letters, digits, -, _, . and ~, such as /forward-auth";
        return Err(ConfigProblem::new(key, format!("\"{text}\": {what}")));
    }
    Ok(path)
}

/// The key that seals the sessions.
fn key(config: &ForwardAuthConfig) -> Result<MasterKey, ConfigProblem> {
    let file = &config.key_file;
    let problem = |what: String| ConfigProblem::new("forward_auth.key_file", what);
    if file.is_empty() {
        let what = "not set; make a file with: (umask 077; openssl rand -base64 32 > session.key)";
        return Err(problem(what.to_owned()));
    }
    let text = std::fs::read_to_string(Path::new(file));
    let text = text.map_err(|error| problem(format!("\"{file}\": {error}")))?;
    MasterKey::parse(&text).map_err(|error| problem(format!("\"{file}\": {error}")))
}

/// The host of an origin, as browsers write it.
fn host(origin: &str) -> Result<String, String> {
    let expected = || format!("\"{origin}\": not an origin such as https://wiki.example.com");
    let url = Url::parse(origin).map_err(|_| expected())?;
    let authority = authority(&url).filter(|authority| !authority.contains('*'));
    authority.ok_or_else(expected)
}

/// What all apps have in common.
struct Common<'a> {
    config: &'a ForwardAuthConfig,
    path: Box<str>,
    key: MasterKey,
    clock: &'a Arc<dyn Clock>,
    entropy: &'a Entropy,
}

impl Common<'_> {
    fn protected(
        &self,
        origin: &str,
        rules: Rules,
        entry: &Entry,
    ) -> Result<Router, ConfigProblem> {
        let (config, path) = (self.config, &self.path);
        let clock = || Arc::clone(self.clock);
        let mut session = SessionConfig::new(self.key.clone(), origin);
        "gate".clone_into(&mut session.name);
        let store = Arc::new(MemoryStore::default());
        let sessions = Sessions::new(session, store, clock(), self.entropy.clone())
            .map_err(|e| entry.problem("origin", e.to_string()))?;
        let mut login = config.login.clone();
        login.redirect_uri = format!("{origin}{path}/callback");
        let rp = RelyingParty::new(&login, clock(), self.entropy.clone()).map_err(|error| {
            ConfigProblem::new(format!("forward_auth.login.{}", error.key), error.what)
        })?;
        let mut bff = BffConfig::pages();
        bff.csrf = CsrfPolicy::default();
        bff.paths = Paths {
            login: format!("{path}/login"),
            callback: format!("{path}/callback"),
            user: format!("{path}/user"),
            logout: format!("{path}/logout"),
            backchannel_logout: format!("{path}/backchannel-logout"),
        };
        let bff = Bff::new(bff, rp, sessions).map_err(|e| entry.whole(e.to_string()))?;
        let state = Arc::new(App {
            rules,
            user_claim: config.user_claim.clone(),
            bff: bff.clone(),
        });
        Ok(Router::new()
            .route(&format!("{path}/check"), any(check::check))
            .route(&format!("{path}/auth-request"), any(check::auth_request))
            .with_state(state)
            .merge(bff.routes()))
    }
}

fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

async fn enter(State(state): State<Apps>, request: Request) -> Response {
    let from = match request.extensions().get::<Peer>() {
        Some(Peer::Tcp { address, .. }) => Some(address.ip().to_canonical()),
        _ => None,
    };
    let known = |ip| state.trusted.iter().any(|network| network.contains(&ip));
    let refused = |detail| {
        let text = ErrorText {
            status: StatusCode::FORBIDDEN,
            title: "Access denied",
            detail,
        };
        let id = request.extensions().get::<RequestId>().copied();
        text.response(Form::accepted(request.headers()), id)
    };
    if !from.is_some_and(known) {
        return refused("Only configured proxies are answered here.");
    }
    let host = match asked_host(request.headers()) {
        Ok(Some(host)) => host,
        Ok(None) => {
            // The operator sees it at the first request, not when a client sends the header.
            tracing::warn!(target: REFUSED, "the proxy does not set X-Forwarded-Host");
            return refused("The proxy must set X-Forwarded-Host.");
        }
        Err(Ambiguous) => return refused("The request of the proxy is ambiguous."),
    };
    let Some(app) = state.apps.get(&host) else {
        return refused("This host is not protected here.");
    };
    match app.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The host of the browser's request, as the proxy reports it. What is reported twice, by the client and by the proxy, is
/// ambiguous: no server may choose. `Host` is not used instead: a proxy that does not set `X-Forwarded-Host` passes on that of a client.
fn asked_host(headers: &HeaderMap) -> Result<Option<String>, Ambiguous> {
    for name in [
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-prefix",
    ] {
        if one(headers, name)?.is_some_and(|value| value.contains(&b',')) {
            return Err(Ambiguous);
        }
    }
    one(headers, HOST.as_str())?;
    let Some(said) = one(headers, "x-forwarded-host")? else {
        return Ok(None);
    };
    // A list, as proxies that append make it, and whatever else is no host with a port.
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte);
    if !said.iter().all(is_host) {
        return Err(Ambiguous);
    }
    let host = String::from_utf8_lossy(said).to_ascii_lowercase();
    let bare = host.strip_suffix(":443").unwrap_or(&host);
    Ok(Some(bare.to_owned()))
}

/// The value of a header that may be there once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, Ambiguous> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(HeaderValue::as_bytes);
    match values.next() {
        None => Ok(value),
        Some(_) => Err(Ambiguous),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn host(pairs: &[(&'static str, &str)]) -> Result<Option<String>, Ambiguous> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        asked_host(&headers)
    }

    #[test]
    fn g6_a_host_is_reported_exactly_once() {
        let forwarded = "x-forwarded-host";
        let wiki = || Ok(Some("wiki.test".to_owned()));
        assert_eq!(host(&[(forwarded, "wiki.test"), ("host", "gate")]), wiki());
        assert_eq!(host(&[(forwarded, "WIKI.test:443")]), wiki());
        assert_eq!(host(&[("host", "wiki.test")]), Ok(None));
        assert_eq!(host(&[]), Ok(None));
        for pairs in [
            &[(forwarded, "wiki.test"), (forwarded, "evil.test")][..],
            &[(forwarded, "wiki.test"), (forwarded, "wiki.test")],
            &[(forwarded, "wiki.test, evil.test")],
            &[(forwarded, "evil.test,wiki.test")],
            &[(forwarded, "wiki.test wiki.test")],
            &[(forwarded, "wiki.test;evil.test")],
            &[(forwarded, "user@wiki.test")],
            &[("host", "wiki.test"), ("host", "evil.test")],
            &[
                (forwarded, "wiki.test"),
                ("x-forwarded-proto", "http, https"),
            ],
            &[
                (forwarded, "wiki.test"),
                ("x-forwarded-proto", "http"),
                ("x-forwarded-proto", "https"),
            ],
            &[
                (forwarded, "wiki.test"),
                ("x-forwarded-port", "80"),
                ("x-forwarded-port", "443"),
            ],
        ] {
            assert_eq!(host(pairs), Err(Ambiguous), "{pairs:?}");
        }
    }
}
