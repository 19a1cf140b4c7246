//! Mails for operators: how they look, and a test mail.

use cardea_protocol::{
    language::Lang,
    mail::{Answer, EmailAddress, Mail, MailTemplate},
};
use cardea_seal::Entropy;
use cardea_web::clock::{Clock as _, SystemClock};
use serde::Serialize;

use super::{
    mailbox::Kept,
    message::{self, Parts},
    place, sample,
    templates::Templates,
    transport::Transport,
    words::Frame,
};
use crate::{
    config::{Config, mail::MailServer, settings::Settings},
    i18n,
};

/// A mail with invented values.
#[derive(Debug, Serialize)]
pub struct MailPreview {
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// How a mail looks with the brand and the templates of a configuration.
///
/// # Errors
/// If there is no such mail or language, or the configuration has problems.
pub fn preview_mail(config: &Config, template: &str, lang: &str) -> Result<MailPreview, String> {
    let lang = language(lang)?;
    let known = MailTemplate::ALL.iter().find(|t| t.name() == template);
    let known = known.ok_or_else(|| {
        format!(
            "there is no mail \"{template}\"; there are {}",
            place::names()
        )
    })?;
    let settings = Settings::check(config).map_err(|e| e.to_string())?;
    let templates = templates_of(config)?;
    i18n::load();
    let brand = &settings.brand;
    let mail = sample::full(*known, lang).map_err(|e| e.to_string())?;
    let frame = sample::frame(lang, brand.name(), brand.accent());
    let Parts {
        subject,
        text,
        html,
    } = message::compose(&templates, &mail, &frame)?;
    Ok(MailPreview {
        subject,
        text,
        html,
    })
}

/// Sends the test mail of a configuration to an address; gives back the mail server that took it.
///
/// # Errors
/// If the mail server does not take it, with its reply, or the configuration has problems.
pub async fn send_test_mail(config: &Config, to: &str, lang: &str) -> Result<String, String> {
    let text = |e: &dyn std::fmt::Display| e.to_string();
    let to = EmailAddress::parse(to).map_err(|e| format!("\"{to}\": {e}"))?;
    let lang = language(lang)?;
    let settings = Settings::check(config).map_err(|e| text(&e))?;
    let templates = templates_of(config)?;
    let server = MailServer::read(&config.mail).map_err(|e| text(&e))?;
    let server = server.ok_or("mail is not configured; set [mail] url and from")?;
    let place = format!("{}:{}", server.host, server.port);
    i18n::load();
    let mail = Mail::new(to, MailTemplate::Test, lang);
    let frame = Frame {
        lang,
        brand: settings.brand.name(),
        accent: settings.brand.accent(),
        issuer: settings.issuer.as_str(),
        url: None,
    };
    let parts = message::compose(&templates, &mail, &frame)?;
    let kept = Kept {
        id: Entropy::system().text(24),
        at: SystemClock.now(),
        to: mail.to().to_string(),
        subject: parts.subject,
        text: parts.text,
        html: parts.html,
    };
    let message = message::of(settings.brand.name(), kept, &mail, &server.from)?;
    let authorities = config.outbound.authorities().map_err(|e| text(&e))?;
    let transport = Transport::new(server, settings.issuer.host(), authorities.as_deref());
    match transport.map_err(|e| text(&e))?.send(message).await {
        Answer::Accepted => Ok(place),
        other => Err(format!("{place}: {other}")),
    }
}

fn language(text: &str) -> Result<Lang, String> {
    let found = Lang::ALL.into_iter().find(|lang| lang.as_str() == text);
    found.ok_or_else(|| {
        let all = place::languages();
        format!("there is no language \"{text}\"; there are {all}")
    })
}

fn templates_of(config: &Config) -> Result<Templates, String> {
    let problems = match Templates::of(&config.mail) {
        Ok(templates) => return Ok(templates),
        Err(problems) => problems.into_iter(),
    };
    let lines = problems.map(|p| config.places.locate(p).to_string());
    Err(lines.collect::<Vec<_>>().join("\n"))
}
