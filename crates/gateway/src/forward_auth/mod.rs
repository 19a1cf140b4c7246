//! Login for apps behind nginx, Caddy or Traefik, which ask here about each request.
//!
//! Each app has its own sessions on its own origin: cookies are `__Host-`, so no app sees another's. At the provider the person is
//! logged in once.

mod check;
mod config;
mod rules;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use cardea_client::bff::{Bff, BffConfig, CsrfPolicy, Paths};
use cardea_client::rp::RelyingParty;
use cardea_client::session::{MemoryStore, SessionConfig, Sessions};
use cardea_client::{Clock, Entropy, MasterKey};
use cardea_web::inbound::{Inbound, Peer, Problem};
use http::header::HOST;
use http::{HeaderMap, HeaderValue, StatusCode};
use ipnet::IpNet;
use tower::ServiceExt as _;
use url::Url;

pub use config::{AccessRule, ForwardAuthConfig, ProtectedApp};

use self::check::App;
use self::rules::Rules;
use crate::checked::{ConfigProblem, networks, own_path};

/// The apps by their host, and who may ask about them.
#[derive(Clone)]
struct Door {
    apps: Arc<HashMap<String, Router>>,
    trusted: Arc<[IpNet]>,
}

/// All that is answered at the address for the proxies.
pub(crate) fn router(
    config: &ForwardAuthConfig,
    clock: &Arc<dyn Clock>,
    entropy: &Entropy,
) -> Result<Router, ConfigProblem> {
    let key = std::fs::read_to_string(Path::new(&config.key_file)).map_err(|error| {
        ConfigProblem::new(
            "forward_auth.key_file",
            format!("\"{}\": {error}", config.key_file),
        )
    })?;
    let trusted = networks("forward_auth.trusted", &config.trusted)?;
    let mut apps = HashMap::new();
    for app in &config.apps {
        let key = MasterKey::parse(&key)
            .map_err(|e| ConfigProblem::new("forward_auth.key_file", e.to_string()))?;
        let (host, router) = protected(config, app, key, (clock, entropy))?;
        if apps.insert(host, router).is_some() {
            let key = format!("forward_auth.apps \"{}\"", app.origin);
            return Err(ConfigProblem::new(key, "the origin is there twice"));
        }
    }
    if apps.is_empty() {
        let what = "there are none; write at least one [[forward_auth.apps]]";
        return Err(ConfigProblem::new("forward_auth.apps", what));
    }
    let door = Door {
        apps: Arc::new(apps),
        trusted: trusted.clone().into(),
    };
    let seed = u64::from_le_bytes(entropy.bytes());
    let mut inbound = Inbound::new(true, seed);
    inbound.trusted_proxies = trusted;
    Ok(inbound.wrap(Router::new().fallback(enter).with_state(door)))
}

fn protected(
    config: &ForwardAuthConfig,
    app: &ProtectedApp,
    key: MasterKey,
    (clock, entropy): (&Arc<dyn Clock>, &Entropy),
) -> Result<(String, Router), ConfigProblem> {
    let problem = |key: &str, what: String| {
        ConfigProblem::new(format!("forward_auth.apps \"{}\"{key}", app.origin), what)
    };
    let path = own_path("forward_auth.path", &config.path)?;
    let mut login = config.login.clone();
    if !login.redirect_uri.is_empty() || login.post_logout_redirect_uri.is_some() {
        let what = "it is made for each app, from its origin and forward_auth.path";
        return Err(ConfigProblem::new("forward_auth.login.redirect_uri", what));
    }
    login.redirect_uri = format!("{}{path}/callback", app.origin);
    let rp = RelyingParty::new(&login, Arc::clone(clock), entropy.clone()).map_err(|error| {
        ConfigProblem::new(format!("forward_auth.login.{}", error.key), error.what)
    })?;
    let mut session = SessionConfig::new(key, app.origin.clone());
    "gate".clone_into(&mut session.name);
    let store = Arc::new(MemoryStore::default());
    let sessions = Sessions::new(session, store, Arc::clone(clock), entropy.clone())
        .map_err(|e| problem(".origin", e.to_string()))?;
    let mut bff = BffConfig::pages();
    bff.csrf = CsrfPolicy::default();
    bff.paths = Paths {
        login: format!("{path}/login"),
        callback: format!("{path}/callback"),
        user: format!("{path}/user"),
        logout: format!("{path}/logout"),
        backchannel_logout: format!("{path}/backchannel-logout"),
    };
    let bff = Bff::new(bff, rp, sessions).map_err(|e| problem("", e.to_string()))?;
    let state = Arc::new(App {
        rules: Rules::read(&app.rules, &app.origin)?,
        user_claim: config.user_claim.clone(),
        bff: bff.clone(),
    });
    let router = Router::new()
        .route(&format!("{path}/check"), any(check::check))
        .route(&format!("{path}/auth-request"), any(check::auth_request))
        .with_state(state)
        .merge(bff.routes());
    let host = Url::parse(&app.origin).ok().and_then(|url| authority(&url));
    let host = host.ok_or_else(|| problem(".origin", "no host".to_owned()))?;
    Ok((host, router))
}

fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

async fn enter(State(door): State<Door>, request: Request) -> Response {
    let from = match request.extensions().get::<Peer>() {
        Some(Peer::Tcp { address, .. }) => Some(address.ip().to_canonical()),
        _ => None,
    };
    let known = |ip| door.trusted.iter().any(|network| network.contains(&ip));
    if !from.is_some_and(known) {
        let problem = Problem::new(StatusCode::FORBIDDEN, "Only configured proxies may ask");
        return problem.into_response();
    }
    let app = asked_host(request.headers()).and_then(|host| door.apps.get(&host));
    let Some(app) = app else {
        let problem = Problem::new(StatusCode::FORBIDDEN, "This host is not protected here");
        return problem.into_response();
    };
    match app.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The host that the browser asked for, as the proxy says.
fn asked_host(headers: &HeaderMap) -> Option<String> {
    let said = headers
        .get("x-forwarded-host")
        .or_else(|| headers.get(HOST));
    let host = said.map(HeaderValue::to_str)?.ok()?.to_ascii_lowercase();
    let bare = host.strip_suffix(":443").unwrap_or(&host);
    Some(bare.to_owned())
}
