//! Mail (D28): links for mails that verbs write to the outbox.
//!
//! A verb that causes a mail takes a [`Mail`] in its command, and the store writes it in the verb's transaction. Without `[mail]`
//! no mail is written, see [`Mailer::is_on`].

use cardea_protocol::mail::{Mail, MailLink};
use cardea_seal::{MasterKey, OpenError, Sealer, Secret};
use jiff::Timestamp;

use crate::{config::settings::Settings, parts::EPOCH};

/// The way out for mails.
pub(crate) struct Mailer {
    is_on: bool,
    links: Sealer,
}

/// Where a link of a mail leads.
pub(crate) struct LinkTarget<'a> {
    /// The page without the issuer, such as `/password_reset`. The token is its parameter `token`.
    pub(crate) path: &'static str,
    /// The token.
    pub(crate) token: &'a Secret<String>,
    /// When it expires. After that the mail is not sent any more.
    pub(crate) expires_at: Timestamp,
}

impl Mailer {
    pub(crate) fn new(settings: &Settings, master: &MasterKey) -> Self {
        Self {
            is_on: settings.mail.is_some(),
            links: Sealer::new(master, "mail link", settings.issuer.as_str(), EPOCH),
        }
    }

    /// Whether mail can be sent. If not, no mail may be written to the outbox.
    pub(crate) fn is_on(&self) -> bool {
        self.is_on
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
    pub(crate) fn open_token(
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
}

/// A sealed token that is copied to another mail does not open there.
fn context(mail: &Mail, path: &str) -> String {
    format!("{} {} {path}", mail.template().name(), mail.to().key())
}
