//! `--gateway`: one door before everything, with TLS.

use std::{path::Path, sync::Arc};

use cardea_gateway::{
    Gateway, GatewayConfig, HeadersConfig, Listeners, RouteConfig, Serving, TlsConfig,
    UpstreamConfig,
};
use cardea_seal::Entropy;
use cardea_web::clock::SystemClock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::stage::{Door, Stage};

const PARTS: [&str; 4] = ["provider", "api", "spa", "webapp"];

/// The gateway, ready to serve.
pub(crate) fn gateway(
    stage: &Stage,
    door: &Door,
    listeners: Vec<TcpListener>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Serving> {
    let config = config(stage, door);
    let (clock, entropy) = (Arc::new(SystemClock), Entropy::system());
    let gateway = Gateway::new(config.clone(), clock, entropy, shutdown.clone())?;
    let listeners = Listeners {
        main: listeners,
        ..Listeners::default()
    };
    Ok(Serving::at(&config, gateway, listeners)?)
}

fn config(stage: &Stage, door: &Door) -> GatewayConfig {
    let certificates = &door.certificates;
    let text = |path: &Path| path.display().to_string();
    GatewayConfig {
        hosts: stage.names(door.port),
        tls: Some(TlsConfig {
            cert_file: text(&certificates.cert_file),
            key_file: text(&certificates.key_file),
            ..TlsConfig::default()
        }),
        // It would hold for all that ever runs on localhost, on any port.
        headers: HeadersConfig {
            hsts: false,
            ..HeadersConfig::default()
        },
        upstreams: PARTS.into_iter().zip(stage.listens).map(upstream).collect(),
        routes: vec![
            RouteConfig {
                private_cookies: true,
                ..route("/auth", "provider")
            },
            route("/.well-known/oauth-authorization-server", "provider"),
            RouteConfig {
                strip_prefix: true,
                ..route("/api", "api")
            },
            route("/.well-known/oauth-protected-resource", "api"),
            route("/app", "webapp"),
            route("/", "spa"),
        ],
        ..GatewayConfig::default()
    }
}

fn upstream((name, port): (&str, u16)) -> UpstreamConfig {
    UpstreamConfig {
        name: name.to_owned(),
        url: format!("http://127.0.0.1:{port}"),
        ..UpstreamConfig::default()
    }
}

fn route(prefix: &str, upstream: &str) -> RouteConfig {
    RouteConfig {
        prefix: prefix.to_owned(),
        upstream: upstream.to_owned(),
        ..RouteConfig::default()
    }
}
