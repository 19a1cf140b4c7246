//! The issuer, the address to listen on, TLS.

use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
};

use cardea_server::{
    UpstreamState, admin::types::Finding, config::Config, try_mail_server, try_upstreams,
};
use tokio::net::TcpListener;

use crate::{config::certificates, database::Database, listen};

/// Whether the issuer can be used from outside.
pub(super) fn issuer(config: &Config) -> Option<Finding> {
    let issuer = &config.issuer;
    // An invalid issuer is among the problems of the configuration.
    if issuer.starts_with("https://") {
        return Some(
            match config.tls.is_none() && config.proxy.trusted.is_empty() {
                false => Finding::ok("issuer", issuer),
                true => Finding::warning(
                    "issuer",
                    format!("{issuer} is https, but neither [tls] nor proxy.trusted is set"),
                    "set tls.cert_file and tls.key_file, or list the proxy that terminates TLS in proxy.trusted: without it all \
                 requests have the address of the proxy, and share its rate limits",
                ),
            },
        );
    }
    issuer.starts_with("http://").then(|| {
        let what = format!("{issuer} is plain http: it works only on this machine");
        Finding::warning(
            "issuer",
            what,
            "set issuer to an https URL before other machines use it",
        )
    })
}

/// Whether the address is free or used by the running provider.
pub(super) async fn listen(config: &Config, served: bool) -> Option<Finding> {
    let address = config.listen_address().ok()?;
    if let Ok(Database::Postgres { .. }) = Database::of(config) {
        return Some(listen_of("provider", "listen", address).await);
    }
    Some(match TcpListener::bind(address).await {
        Ok(_) if served => Finding::warning(
            "listen",
            format!("{address} is free, though a provider runs on this store"),
            "the file was changed since its start: restart it",
        ),
        Ok(_) => Finding::ok("listen", format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && served => Finding::ok(
            "listen",
            format!("{address} is used by the running provider"),
        ),
        Err(error) => unusable("listen", address, &error),
    })
}

/// Whether the address of a program that can't be asked whether it runs is free.
pub(crate) async fn listen_of(program: &str, key: &str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(key, format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Finding::warning(
            key,
            format!("{address} is in use"),
            format!(
                "this is fine if the {program} runs; it cannot start while another program listens there"
            ),
        ),
        Err(error) => unusable(key, address, &error),
    }
}

fn unusable(key: &str, address: SocketAddr, error: &Error) -> Finding {
    Finding::problem(key, listen::failed(address, error)).advice(listen::advice(address, error))
}

/// Whether the mail server can be used.
pub(super) async fn mail(config: &Config) -> Option<Finding> {
    Some(match try_mail_server(config).await? {
        Ok(place) => Finding::ok("mail", format!("{place} accepts the connection")),
        Err(why) => Finding::warning(
            "mail",
            why,
            "mails wait for the mail server for a day; correct [mail], or start the mail server",
        ),
    })
}

/// Whether users can sign in at the other providers.
pub(super) async fn upstreams(config: &Config) -> Vec<Finding> {
    let checks = try_upstreams(config).await.into_iter();
    checks
        .map(|check| {
            let subject = format!("upstream {}", check.id);
            let issuer = &check.issuer;
            match check.found {
                UpstreamState::Usable => Finding::ok(&subject, format!("{issuer} can be used")),
                UpstreamState::WithoutLogout => Finding::warning(
                    &subject,
                    format!("{issuer} has no place for a logout, and logout = true does nothing"),
                    "remove logout; users who sign out here stay signed in there",
                ),
                UpstreamState::Unreachable(why) => Finding::warning(
                    &subject,
                    format!("{issuer}: {why}"),
                    "users can't sign in there now; check issuer, the network of this machine, and outbound.ca_file",
                ),
                UpstreamState::Wrong(why) => Finding::problem(&subject, format!("{issuer}: {why}"))
                    .advice("set issuer exactly as the provider writes it in its discovery document"),
            }
        })
        .collect()
}

/// Whether the certificate can be served.
pub(super) fn tls(config: &Config) -> Option<Finding> {
    let files = config.tls.as_ref()?;
    Some(match certificates(config) {
        Ok(_) => Finding::ok("tls", format!("{} and its key match", files.cert_file)),
        Err(problem) => Finding::problem("tls", problem.to_string()).advice(
            "tls.cert_file is the certificate and its chain, tls.key_file its private key, both in PEM",
        ),
    })
}
