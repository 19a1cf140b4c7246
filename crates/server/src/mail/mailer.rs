//! What the process has for mail: the mail server, the seal of links, the places for mails that are being sent.

use std::sync::Arc;

use cardea_protocol::mail::{Mail, MailLink};
use cardea_seal::{Digest, MacKey, MasterKey, OpenError, Sealer, Secret};
use cardea_store::ClaimedMessage;
use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore};

use super::{mailbox::Mailbox, templates::Templates, transport::Transport};
use crate::{config::settings::Settings, parts::EPOCH};

/// How many mails are sent at once, each by a connection of its own.
pub(super) const PLACES: u32 = 8;

/// The way out for mails.
pub(crate) struct Mailer {
    pub(super) transport: Option<Transport>,
    pub(super) templates: Templates,
    /// In development.
    pub(crate) mailbox: Option<Mailbox>,
    links: Sealer,
    ids: MacKey,
    pub(super) places: Arc<Semaphore>,
    pub(super) wake: Notify,
}

/// Where a link of a mail leads.
pub(crate) struct LinkTarget<'a> {
    /// The page without the issuer, such as `/password_reset`. The token is its parameter `token`; an empty one is left out.
    pub(crate) path: &'static str,
    /// The token.
    pub(crate) token: &'a Secret<String>,
    /// When it expires. After that the mail is not sent any more.
    pub(crate) expires_at: Timestamp,
}

impl Mailer {
    pub(crate) fn new(
        settings: &Settings,
        master: &MasterKey,
        transport: Option<Transport>,
        templates: Templates,
    ) -> Self {
        let issuer = settings.issuer.as_str();
        Self {
            transport,
            templates,
            mailbox: settings.development.then(Mailbox::default),
            links: Sealer::new(master, "mail link", issuer, EPOCH),
            ids: MacKey::new(master, "mail message id", issuer, EPOCH),
            places: Arc::new(Semaphore::new(PLACES as usize)),
            wake: Notify::new(),
        }
    }

    /// Whether mail can be sent. If not, no mail may be written to the outbox.
    pub(crate) fn is_on(&self) -> bool {
        self.transport.is_some() || self.mailbox.is_some()
    }

    /// Makes the background read the outbox at once.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// The mail with a link. The token is sealed for the mail's receiver and template.
    pub(crate) fn with_link(&self, mail: Mail, target: &LinkTarget<'_>) -> Mail {
        let sealed_token = {
            let context = context(&mail, target.path);
            let token = target.token.expose().as_bytes();
            self.links.seal_text(token, context.as_bytes())
        };
        mail.link_to(MailLink {
            path: target.path.to_owned(),
            sealed_token,
            expires_at: target.expires_at,
        })
    }

    /// The token of a mail's link.
    pub(super) fn open_token(
        &self,
        mail: &Mail,
        link: &MailLink,
    ) -> Result<Secret<String>, OpenError> {
        let context = context(mail, &link.path);
        let token = self
            .links
            .open_text(&link.sealed_token, context.as_bytes())?;
        let token = String::from_utf8(token.expose().clone());
        token.map(Secret::new).map_err(|_| OpenError::Malformed)
    }

    /// The same for each try of one row, and of no other: a mail that arrives twice can be recognized by it. The number of a
    /// row is used again after its message is gone, so its time and content are in it, too.
    pub(super) fn id_of(&self, claimed: &ClaimedMessage, mail: &Mail) -> Digest {
        let made_at = claimed.made_at.as_millisecond().to_be_bytes();
        let content = serde_json::to_vec(mail).unwrap_or_default();
        let row = claimed.id.0.to_be_bytes();
        self.ids
            .tag(&[&row, &made_at, claimed.request_id.as_bytes(), &content])
    }
}

/// A sealed token that is copied to another mail does not open there.
fn context(mail: &Mail, path: &str) -> String {
    format!("{} {} {path}", mail.template().name(), mail.to().key())
}
