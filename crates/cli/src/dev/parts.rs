//! The configuration of each part.

use cardea_client::rp::ClientConfig;
use cardea_resource::ApiConfig;
use cardea_server::config::{
    Config,
    development::{BFF_SECRET, SCRIPT_SECRET, WEBAPP_SECRET},
};
use cardea_web::config::SecretText;

use super::stage::Stage;
use crate::commands::OwnClient;

const NOTICE: &str = "DEVELOPMENT: these passwords and secrets are public.";
const SPA_SCOPES: [&str; 7] = [
    "openid",
    "profile",
    "email",
    "organization",
    "offline_access",
    "orders:read",
    "orders:write",
];
const WEBAPP_SCOPES: [&str; 4] = ["openid", "profile", "email", "roles"];

/// `over` is a configuration file that is merged over the demo, `own` are clients of the command line.
pub(crate) fn provider(stage: &Stage, over: Option<Config>, own: &[OwnClient]) -> Config {
    let [port, ..] = stage.listens;
    let mut config = Config::development(&stage.addresses, port, &stage.data);
    if let Some(file) = over {
        config = config.with_file(file);
    }
    for client in own {
        config.add_own_client(&client.id, &client.redirect_uri);
    }
    if let Some(ca) = stage.ca_file() {
        config.outbound.ca_file = Some(ca.display().to_string());
        config.proxy.trusted = vec!["127.0.0.1".to_owned()];
    }
    config
}

pub(crate) fn api(stage: &Stage) -> cardea_orders_api::Config {
    cardea_orders_api::Config {
        database: Some(stage.data.join("orders.db")),
        sample_orders: true,
        api: ApiConfig {
            resource: Some(stage.api.clone()),
            scopes: vec!["orders:read".to_owned(), "orders:write".to_owned()],
            ca_file: stage.ca_file(),
            trusted_proxies: before(stage),
            ..ApiConfig::new(&stage.addresses.issuer, "api://orders")
        },
        ..cardea_orders_api::Config::default()
    }
}

pub(crate) fn spa(stage: &Stage) -> cardea_spa_bff::Config {
    let at = &stage.addresses.spa;
    cardea_spa_bff::Config {
        origin: at.clone(),
        login: ClientConfig {
            post_logout_redirect_uri: Some(format!("{at}/")),
            ..login(
                stage,
                ("bff", BFF_SECRET),
                &SPA_SCOPES,
                &format!("{at}/bff/callback"),
            )
        },
        api: stage.api_listens.clone(),
        api_prefix: stage.api_of_page.to_owned(),
        trusted_proxies: before(stage),
        notice: Some(NOTICE.to_owned()),
        ..cardea_spa_bff::Config::default()
    }
}

pub(crate) fn webapp(stage: &Stage) -> cardea_webapp::Config {
    let at = &stage.addresses.webapp;
    let origin = at.strip_suffix(stage.webapp_path).unwrap_or(at);
    cardea_webapp::Config {
        origin: origin.to_owned(),
        path: stage.webapp_path.to_owned(),
        login: ClientConfig {
            post_logout_redirect_uri: Some(format!("{at}/")),
            ..login(
                stage,
                ("webapp", WEBAPP_SECRET),
                &WEBAPP_SCOPES,
                &format!("{at}/callback"),
            )
        },
        trusted_proxies: before(stage),
        // It is for this machine only, and what comes through a gateway could come from anywhere.
        debug: stage.gateway.is_none(),
        notice: Some(NOTICE.to_owned()),
        ..cardea_webapp::Config::default()
    }
}

/// The proxy in front of the parts, so that a request has one id in all of them.
fn before(stage: &Stage) -> Vec<String> {
    match stage.gateway {
        Some(_) => vec!["127.0.0.1/32".to_owned()],
        None => Vec::new(),
    }
}

/// The program that gets the first token.
pub(crate) fn machine(stage: &Stage) -> cardea_machine::Config {
    cardea_machine::Config {
        issuer: stage.addresses.issuer.clone(),
        client_id: "script".to_owned(),
        client_secret: SecretText::new(SCRIPT_SECRET.to_owned()),
        scope: "orders:read".to_owned(),
        url: format!("{}/orders", stage.api),
        ca_file: stage.ca_file().map(|file| file.display().to_string()),
    }
}

fn login(
    stage: &Stage,
    (id, secret): (&str, &str),
    scopes: &[&str],
    redirect_uri: &str,
) -> ClientConfig {
    let mut config = ClientConfig::cardea(&stage.addresses.issuer, id, redirect_uri);
    config.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    config.authentication.client_secret = Some(SecretText::new(secret.to_owned()));
    config.ca_file = stage.ca_file().map(|file| file.display().to_string());
    config
}
