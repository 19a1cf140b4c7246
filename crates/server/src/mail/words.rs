//! What a mail says, in its language.

use askama::Template;
use cardea_protocol::{
    language::Lang,
    mail::{Mail, MailTemplate, MailValue},
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    i18n::{self, Key, Message},
    pages::Colour,
};

/// What all mails have in common.
pub(super) struct Frame<'a> {
    pub(super) lang: Lang,
    pub(super) brand: &'a str,
    pub(super) accent: Colour,
    pub(super) issuer: &'a str,
    /// The address of the link, with its token.
    pub(super) url: Option<String>,
}

/// The words of one mail.
pub(super) struct Words<'a> {
    pub(super) lang: Lang,
    /// Of brand and fixed words only.
    pub(super) subject: String,
    pub(super) hello: Message<'a>,
    pub(super) text: Message<'a>,
    pub(super) details: Vec<(&'static str, String)>,
    pub(super) link: Option<Link<'a>>,
    pub(super) ignore: Option<&'static str>,
    pub(super) sent_by: Message<'a>,
    pub(super) issuer: &'a str,
    /// The name of the provider.
    pub(super) brand: &'a str,
    pub(super) accent: Colour,
    pub(super) on_accent: Colour,
}

pub(super) struct Link<'a> {
    pub(super) url: String,
    pub(super) button: &'static str,
    pub(super) copy: &'static str,
    pub(super) until: Message<'a>,
}

/// The part for programs that show no HTML.
#[derive(Template)]
#[template(path = "mail/mail.txt", escape = "none", whitespace = "preserve")]
pub(super) struct TextPart<'a> {
    pub(super) words: &'a Words<'a>,
}

/// The HTML part.
#[derive(Template)]
#[template(path = "mail/mail.html")]
pub(super) struct HtmlPart<'a> {
    pub(super) words: &'a Words<'a>,
}

/// The names of a template's texts.
struct Texts {
    subject: Key,
    text: Key,
    /// The label of the link.
    button: Key,
    /// Whether it may have been caused by somebody else, to no effect.
    ignorable: bool,
}

impl Texts {
    fn new(subject: Key, text: Key, button: Key) -> Self {
        Self {
            subject,
            text,
            button,
            ignorable: false,
        }
    }

    /// The link is for a user who did not cause the mail.
    fn not_me(subject: Key, text: Key) -> Self {
        Self::new(subject, text, Key("mail-not-me-button"))
    }

    fn ignorable(self) -> Self {
        Self {
            ignorable: true,
            ..self
        }
    }
}

#[rustfmt::skip]
fn texts(template: MailTemplate) -> Texts {
    match template {
        MailTemplate::SignUp => Texts::new(Key("mail-sign-up-subject"), Key("mail-sign-up-text"), Key("mail-sign-up-button")).ignorable(),
        MailTemplate::SignUpTaken => Texts::not_me(Key("mail-sign-up-taken-subject"), Key("mail-sign-up-taken-text")).ignorable(),
        MailTemplate::VerifyEmail => Texts::new(Key("mail-verify-email-subject"), Key("mail-verify-email-text"), Key("mail-verify-email-button")).ignorable(),
        MailTemplate::EmailChangeRequested => Texts::not_me(Key("mail-email-change-requested-subject"), Key("mail-email-change-requested-text")),
        MailTemplate::EmailChangeTaken => Texts::not_me(Key("mail-email-change-taken-subject"), Key("mail-email-change-taken-text")).ignorable(),
        MailTemplate::EmailUndone => Texts::new(Key("mail-email-undone-subject"), Key("mail-email-undone-text"), Key("mail-password-reset-button")),
        MailTemplate::EmailUndoneOther => Texts::not_me(Key("mail-email-undone-other-subject"), Key("mail-email-undone-other-text")),
        MailTemplate::EmailChangeOld => Texts::new(Key("mail-email-change-old-subject"), Key("mail-email-change-old-text"), Key("mail-email-change-old-button")),
        MailTemplate::AccountSecured => Texts::new(Key("mail-account-secured-subject"), Key("mail-account-secured-text"), Key("mail-password-reset-button")),
        MailTemplate::PasswordReset => Texts::new(Key("mail-password-reset-subject"), Key("mail-password-reset-text"), Key("mail-password-reset-button")).ignorable(),
        MailTemplate::PasswordChanged => Texts::not_me(Key("mail-password-changed-subject"), Key("mail-password-changed-text")),
        MailTemplate::Invitation => Texts::new(Key("mail-invitation-subject"), Key("mail-invitation-text"), Key("mail-invitation-button")),
        MailTemplate::OrganizationInvitation => Texts::new(Key("mail-organization-invitation-subject"), Key("mail-organization-invitation-text"), Key("mail-organization-invitation-button")),
        MailTemplate::ManyFailures => Texts::not_me(Key("mail-many-failures-subject"), Key("mail-many-failures-text")),
        MailTemplate::NewDevice => Texts::not_me(Key("mail-new-device-subject"), Key("mail-new-device-text")),
        MailTemplate::FactorAdded => Texts::not_me(Key("mail-factor-added-subject"), Key("mail-factor-added-text")),
        MailTemplate::FactorRemoved => Texts::not_me(Key("mail-factor-removed-subject"), Key("mail-factor-removed-text")),
        MailTemplate::FactorReset => Texts::new(Key("mail-factor-reset-subject"), Key("mail-factor-reset-text"), Key("mail-factor-reset-button")),
        MailTemplate::FactorResetRequested => Texts::not_me(Key("mail-factor-reset-requested-subject"), Key("mail-factor-reset-requested-text")),
        MailTemplate::FactorsReset => Texts::not_me(Key("mail-factors-reset-subject"), Key("mail-factors-reset-text")),
        MailTemplate::BackupCodesLow => Texts::not_me(Key("mail-backup-codes-low-subject"), Key("mail-backup-codes-low-text")),
        MailTemplate::AccountLinked => Texts::not_me(Key("mail-account-linked-subject"), Key("mail-account-linked-text")),
        MailTemplate::AccountUnlinked => Texts::not_me(Key("mail-account-unlinked-subject"), Key("mail-account-unlinked-text")),
        MailTemplate::AccountDeletion => Texts::new(Key("mail-account-deletion-subject"), Key("mail-account-deletion-text"), Key("mail-account-deletion-button")),
        MailTemplate::AccountDeleted => Texts::not_me(Key("mail-account-deleted-subject"), Key("mail-account-deleted-text")),
        MailTemplate::Test => Texts::not_me(Key("mail-test-subject"), Key("mail-test-text")),
    }
}

/// Whether a mail says nothing without its link.
pub(super) fn needs_link(template: MailTemplate) -> bool {
    texts(template).button != Key("mail-not-me-button")
}

/// The words of a mail.
pub(super) fn words<'a>(mail: &'a Mail, frame: &Frame<'a>) -> Words<'a> {
    let lang = frame.lang;
    let texts = texts(mail.template());
    let brand = |key| i18n::t_with(lang, key).text("brand", frame.brand);
    let hello = match mail.value(MailValue::User) {
        Some(name) => i18n::t_with(lang, Key("mail-hello")).name("user", name),
        None => i18n::t_with(lang, Key("mail-hello-nobody")),
    };
    let link = mail.link().zip(frame.url.clone()).map(|(link, url)| {
        let until = i18n::t_with(lang, Key("mail-until"));
        Link {
            url,
            button: i18n::t(lang, texts.button),
            copy: i18n::t(lang, Key("mail-copy")),
            until: until.owned_text("time", time(lang, link.expires_at)),
        }
    });
    Words {
        lang,
        subject: brand(texts.subject).plain(),
        hello,
        text: with_values(brand(texts.text), mail, lang),
        details: details(mail, lang),
        link,
        ignore: texts.ignorable.then(|| i18n::t(lang, Key("mail-ignore"))),
        sent_by: brand(Key("mail-sent-by")),
        issuer: frame.issuer,
        brand: frame.brand,
        accent: frame.accent,
        on_accent: frame.accent.text_on(),
    }
}

fn with_values<'a>(text: Message<'a>, mail: &'a Mail, lang: Lang) -> Message<'a> {
    let named = [
        (MailValue::Address, "address"),
        (MailValue::Factor, "factor"),
        (MailValue::Organization, "organization"),
        (MailValue::Inviter, "inviter"),
        (MailValue::Provider, "provider"),
    ];
    let mut text = text;
    for (value, argument) in named {
        if let Some(value) = mail.value(value) {
            text = text.name(argument, value);
        }
    }
    if let Some(count) = mail.value(MailValue::Count) {
        text = text.count("count", count.parse::<u64>().unwrap_or_default());
    }
    match mail.time() {
        Some(at) => text.owned_text("time", time(lang, at)),
        None => text,
    }
}

/// What is told in rows below the text.
fn details(mail: &Mail, lang: Lang) -> Vec<(&'static str, String)> {
    let row = |key, value: Option<String>| Some((i18n::t(lang, key), value?));
    let value = |value| mail.value(value).map(str::to_owned);
    // What is later has its time in the text.
    let at = match mail.template() {
        MailTemplate::AccountDeletion
        | MailTemplate::FactorReset
        | MailTemplate::FactorResetRequested => None,
        _ => mail.time().map(|at| time(lang, at)),
    };
    let rows = [
        row(Key("mail-device"), value(MailValue::Device)),
        row(Key("mail-network"), value(MailValue::Network)),
        row(Key("mail-time"), at),
    ];
    rows.into_iter().flatten().collect()
}

/// A moment, in UTC: the time zone of the reader is not known.
pub(super) fn time(lang: Lang, at: Timestamp) -> String {
    let day = i18n::date(lang, at.to_zoned(TimeZone::UTC).date());
    let exact = i18n::t_with(lang, Key("when-exact")).owned_text("date", day);
    exact
        .owned_text("time", at.strftime("%H:%M").to_string())
        .plain()
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
