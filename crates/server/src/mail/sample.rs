//! Mails with invented values, to show and check templates by.

use cardea_protocol::{
    language::Lang,
    mail::{AddressError, EmailAddress, Mail, MailLink, MailTemplate, MailValue},
};
use jiff::{SignedDuration, Timestamp};

use super::words::{Frame, needs_link};
use crate::pages::Colour;

/// 14 March 2026.
const SECONDS: i64 = 1_773_481_260;
/// The link of the samples.
pub(super) const URL: &str = "https://id.example.com/page?token=TOKEN";

/// A mail with all values that its template may have.
pub(super) fn full(template: MailTemplate, lang: Lang) -> Result<Mail, AddressError> {
    let now = Timestamp::from_second(SECONDS).unwrap_or_default();
    let at = |hours| {
        now.saturating_add(SignedDuration::from_hours(hours))
            .unwrap_or(now)
    };
    let mail = Mail::new(receiver()?, template, lang)
        .with(MailValue::User, "Ålice Østergård")
        .with(MailValue::Address, "new@example.com")
        .with(MailValue::Factor, "YubiKey")
        .with(MailValue::Organization, "Acme & Sons")
        .with(MailValue::Inviter, "Bob")
        .with(MailValue::Provider, "Example ID")
        .with(MailValue::Count, "3");
    let mail = match template {
        MailTemplate::NewDevice
        | MailTemplate::PasswordChanged
        | MailTemplate::FactorAdded
        | MailTemplate::FactorRemoved
        | MailTemplate::AccountLinked
        | MailTemplate::AccountUnlinked => mail
            .with(MailValue::Device, "Firefox, Linux")
            .with(MailValue::Network, "192.0.2.7")
            .at(now),
        MailTemplate::AccountDeletion => mail.at(at(14 * 24)),
        MailTemplate::FactorReset | MailTemplate::FactorResetRequested => mail.at(at(12)),
        _ => mail,
    };
    Ok(match template {
        MailTemplate::ManyFailures
        | MailTemplate::SignUpTaken
        | MailTemplate::EmailChangeRequested
        | MailTemplate::EmailChangeTaken
        | MailTemplate::EmailUndoneOther
        | MailTemplate::FactorResetRequested
        | MailTemplate::AccountDeleted
        | MailTemplate::Test => mail,
        _ => mail.link_to(link(at(24))),
    })
}

/// A mail with nothing but a link, if it needs one.
pub(super) fn bare(template: MailTemplate, lang: Lang) -> Result<Mail, AddressError> {
    let mail = Mail::new(receiver()?, template, lang);
    Ok(match needs_link(template) {
        true => mail.link_to(link(Timestamp::from_second(SECONDS).unwrap_or_default())),
        false => mail,
    })
}

/// What all samples have in common.
pub(super) fn frame<'a>(lang: Lang, brand: &'a str, accent: Colour) -> Frame<'a> {
    Frame {
        lang,
        brand,
        accent,
        issuer: "https://id.example.com",
        url: Some(URL.to_owned()),
    }
}

fn receiver() -> Result<EmailAddress, AddressError> {
    EmailAddress::parse("alice@example.com")
}

fn link(expires_at: Timestamp) -> MailLink {
    MailLink {
        path: "/page".to_owned(),
        sealed_token: String::new(),
        expires_at,
    }
}
