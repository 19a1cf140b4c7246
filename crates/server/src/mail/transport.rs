//! The connections to the mail server (RFC 5321).

use std::{error::Error as _, time::Duration};

use cardea_protocol::mail::Answer;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    transport::smtp::{
        Error, PoolConfig,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use tokio::time::timeout;

use crate::config::{
    ConfigProblem,
    mail::{MailServer, Protection},
};

/// The longest wait for one answer of the mail server.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// A whole try. RFC 5321 §4.5.3.2 has longer times, for mail servers that send to each other.
pub(super) const LONGEST_TRY: Duration = Duration::from_secs(90);
const LONGEST_CHECK: Duration = Duration::from_secs(10);
/// Connections that are kept open.
const IDLE_CONNECTIONS: u32 = 2;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The mail server.
pub(crate) struct Transport {
    pub(super) server: MailServer,
    smtp: AsyncSmtpTransport<Tokio1Executor>,
}

impl Transport {
    /// With more authorities to trust, in PEM.
    pub(crate) fn new(
        server: MailServer,
        issuer_host: &str,
        authorities: Option<&[u8]>,
    ) -> Result<Self, ConfigProblem> {
        let tls = |()| tls_parameters(&server, authorities);
        let protection = match server.protection {
            Protection::Implicit => tls(()).map(Tls::Wrapper),
            // RFC 3207 §6: a client that does not insist on TLS can be talked out of it.
            Protection::StartTls => tls(()).map(Tls::Required),
            Protection::Plain => Ok(Tls::None),
        };
        let protection = protection
            .map_err(|e| ConfigProblem::new("mail.url", format!("TLS: {}", text_of(&e))))?;
        let pool = PoolConfig::new()
            .max_size(IDLE_CONNECTIONS)
            .idle_timeout(IDLE_TIMEOUT);
        let mut smtp = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(protection)
            .hello_name(ClientId::Domain(issuer_host.to_owned()))
            .timeout(Some(ANSWER_TIMEOUT))
            .pool_config(pool);
        if let Some((user, password)) = &server.user {
            let password = password.expose().clone();
            smtp = smtp.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self {
            smtp: smtp.build(),
            server,
        })
    }

    pub(super) async fn send(&self, message: Message) -> Answer {
        match timeout(LONGEST_TRY, self.smtp.send(message)).await {
            Ok(Ok(_)) => Answer::Accepted,
            Ok(Err(error)) => answer_of(&error),
            Err(_) => {
                let seconds = LONGEST_TRY.as_secs();
                Answer::None(format!(
                    "the mail server did not take the mail in {seconds} s"
                ))
            }
        }
    }

    /// Connects and authenticates.
    pub(super) async fn try_connection(&self) -> Result<(), String> {
        match timeout(LONGEST_CHECK, self.smtp.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the mail server does not answer".to_owned()),
            Ok(Err(error)) => Err(answer_of(&error).to_string()),
            Err(_) => Err("the mail server does not answer".to_owned()),
        }
    }
}

fn tls_parameters(server: &MailServer, authorities: Option<&[u8]>) -> Result<TlsParameters, Error> {
    let mut tls = TlsParameters::builder(server.host.clone());
    if let Some(pem) = authorities {
        tls = tls.add_root_certificate(Certificate::from_pem(pem)?);
    }
    tls.build_rustls()
}

fn answer_of(error: &Error) -> Answer {
    match error.status() {
        Some(code) => {
            let text = error.source().map(ToString::to_string);
            Answer::Refused(code.into(), text.unwrap_or_default())
        }
        None => Answer::None(text_of(error)),
    }
}

/// The error with its causes.
fn text_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
