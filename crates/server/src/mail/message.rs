//! A mail as it is sent: headers, a text part and an HTML part (RFC 5322, RFC 2046 §5.1.4).

use std::time::SystemTime;

use askama::Template as _;
use cardea_protocol::mail::Mail;
use cardea_store::ClaimedMessage;
use form_urlencoded::byte_serialize;
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};

use super::{
    mailbox::Kept,
    place::Part,
    templates::Templates,
    words::{Frame, HtmlPart, TextPart, words},
};
use crate::{app::App, config::mail::Sender};

/// RFC 3834 §5: no vacation notice answers it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The parts of the mail of a row; the same for each try.
pub(super) fn render(app: &App, claimed: &ClaimedMessage, mail: &Mail) -> Result<Kept, String> {
    let url = match mail.link() {
        Some(link) => {
            let token = app.mail.open_token(mail, link);
            let token = token.map_err(|e| format!("the link of the mail can't be opened: {e}"))?;
            let token: String = byte_serialize(token.expose().as_bytes()).collect();
            let page = app.settings.issuer.endpoint(&link.path);
            match token.is_empty() {
                true => Some(page),
                false => Some(format!("{page}?token={token}")),
            }
        }
        None => None,
    };
    let frame = Frame {
        lang: mail.lang(),
        brand: app.settings.brand.name(),
        accent: app.settings.brand.accent(),
        issuer: app.issuer(),
        url,
    };
    let parts = compose(&app.mail.templates, mail, &frame)?;
    Ok(Kept {
        id: app.mail.id_of(claimed, mail).to_text(),
        at: claimed.made_at,
        to: mail.to().to_string(),
        subject: parts.subject,
        text: parts.text,
        html: parts.html,
    })
}

/// What a mail says.
pub(super) struct Parts {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// The parts, each by the file that replaces it, or else by Cardea's own template.
pub(super) fn compose(
    templates: &Templates,
    mail: &Mail,
    frame: &Frame<'_>,
) -> Result<Parts, String> {
    let mut words = words(mail, frame);
    if let Some(subject) = templates.render(Part::Subject, mail, &words) {
        let line = subject
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c });
        words.subject = line.collect();
    }
    let failed = |e: askama::Error| format!("the mail can't be written: {e}");
    let text = match templates.render(Part::Text, mail, &words) {
        Some(text) => text,
        None => TextPart { words: &words }.render().map_err(failed)?,
    };
    let html = match templates.render(Part::Html, mail, &words) {
        Some(html) => html,
        None => HtmlPart { words: &words }.render().map_err(failed)?,
    };
    Ok(Parts {
        subject: words.subject,
        text,
        html,
    })
}

/// The message of these parts.
pub(super) fn of(brand: &str, parts: Kept, mail: &Mail, from: &Sender) -> Result<Message, String> {
    let name = from.name.clone().unwrap_or_else(|| brand.to_owned());
    let (id, domain) = (parts.id, from.address.domain());
    Message::builder()
        .message_id(Some(format!("<{id}@{domain}>")))
        .date(SystemTime::from(parts.at))
        .from(Mailbox::new(Some(name), address(&from.address.to_ascii())?))
        .to(Mailbox::new(None, address(&mail.to().to_ascii())?))
        .subject(parts.subject)
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(parts.text, parts.html))
        .map_err(|e| format!("the mail can't be written: {e}"))
}

fn address(text: &str) -> Result<Address, String> {
    text.parse::<Address>()
        .map_err(|e| format!("the address can't be used: {e}"))
}
