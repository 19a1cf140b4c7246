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
            Some(format!("{page}?token={token}"))
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
    let words = words(mail, &frame);
    let failed = |e: askama::Error| format!("the mail can't be written: {e}");
    let text = TextPart { words: &words }.render().map_err(failed)?;
    let html = HtmlPart { words: &words }.render().map_err(failed)?;
    Ok(Kept {
        id: app.mail.id_of(claimed, mail).to_text(),
        at: claimed.made_at,
        to: mail.to().to_string(),
        subject: words.subject,
        text,
        html,
    })
}

/// The message of these parts.
pub(super) fn of(app: &App, parts: Kept, mail: &Mail, from: &Sender) -> Result<Message, String> {
    let brand = app.settings.brand.name();
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
