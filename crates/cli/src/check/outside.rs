//! What the outside sees: the issuer, the address to listen at, TLS.

use std::{io::ErrorKind, path::Path};

use cardea_server::{admin::types::Finding, config::Config};
use cardea_web::inbound::tls::Certificates;
use tokio::net::TcpListener;

use super::files::readable_by_others;

/// Who the provider says it is.
pub(super) fn issuer(config: &Config) -> Option<Finding> {
    let issuer = &config.issuer;
    // What is wrong with it stands among the problems of the configuration.
    if issuer.starts_with("https://") {
        return Some(
            match config.tls.is_none() && config.proxy.trusted.is_empty() {
                false => Finding::ok("issuer", issuer),
                true => Finding::warning(
                    "issuer",
                    format!("{issuer} is https, and here is neither [tls] nor a trusted proxy"),
                    "set tls.cert_file and tls.key_file, or name the proxy that speaks TLS in proxy.trusted: without it every \
                 caller has the proxy's address, and shares its rate limits",
                ),
            },
        );
    }
    issuer.starts_with("http://").then(|| {
        let what = format!("{issuer} is plain http: it works on this machine alone");
        Finding::warning("issuer", what, "for anybody else it must be https")
    })
}

/// Whether the address is free, or the running provider's.
pub(super) async fn listen(config: &Config, served: bool) -> Option<Finding> {
    let address = config.listen_address().ok()?;
    let finding = match TcpListener::bind(address).await {
        Ok(_) if served => Finding::warning(
            "listen",
            format!("{address} is free, though a provider runs on this store"),
            "the file was changed since its start: start it again",
        ),
        Ok(_) => Finding::ok("listen", format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && served => {
            Finding::ok("listen", format!("{address} is the running provider's"))
        }
        Err(error) => {
            let advice = match error.kind() {
                ErrorKind::AddrInUse => "stop what listens there, or set listen to another port",
                ErrorKind::PermissionDenied => {
                    "take a port from 1024 on, with a proxy before it, or give the process CAP_NET_BIND_SERVICE"
                }
                ErrorKind::AddrNotAvailable => "this machine doesn't have the address",
                _ => "set listen to an address of this machine",
            };
            Finding::problem("listen", format!("{address}: {error}")).advice(advice)
        }
    };
    Some(finding)
}

/// Whether the certificate can be served.
pub(super) fn tls(config: &Config) -> Vec<Finding> {
    let Some(files) = &config.tls else {
        return Vec::new();
    };
    let (cert, key) = (Path::new(&files.cert_file), Path::new(&files.key_file));
    let mut findings = vec![match Certificates::load(cert, key) {
        Ok(_) => Finding::ok(
            "tls",
            format!("{} and its key fit together", files.cert_file),
        ),
        Err(error) => Finding::problem("tls", error.to_string()).advice(
            "tls.cert_file is the certificate and its chain, tls.key_file its key, both PEM",
        ),
    }];
    findings.extend(readable_by_others("tls", key));
    findings
}
