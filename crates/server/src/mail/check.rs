//! Whether the mail server can be used, for `cardea check`.

use super::transport::Transport;
use crate::config::{Config, mail::MailServer, settings::Settings};

/// Connects to the mail server of a configuration, and authenticates. `None` if there is none, or the configuration has problems.
pub async fn try_mail_server(config: &Config) -> Option<Result<String, String>> {
    let settings = Settings::check(config).ok()?;
    let server = MailServer::read(&config.mail).ok()??;
    let place = format!("{}:{}", server.host, server.port);
    let authorities = config.outbound.authorities().ok()?;
    let transport = Transport::new(server, settings.issuer.host(), authorities.as_deref());
    Some(match transport {
        Ok(transport) => match transport.try_connection().await {
            Ok(()) => Ok(place),
            Err(why) => Err(format!("{place}: {why}")),
        },
        Err(problem) => Err(problem.to_string()),
    })
}
