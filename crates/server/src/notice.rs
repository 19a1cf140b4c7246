//! Mails that tell users what was done with their account: when, where, in which browser, and with the link of a user who did not do it.

use cardea_protocol::{
    disowned::Disowned,
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{LinkPurpose, LoginFailures, User},
    profile,
};
use cardea_store::{NewLink, Notice};
use jiff::Timestamp;

use crate::{
    account::devices::device::in_words,
    app::App,
    caller::Caller,
    ctx::Ctx,
    i18n::{self, Key},
    journey::known_device,
    mail::mailer::LinkTarget,
};

/// Of what the user does: in the user's language, or else that of the browser. `None` without a verified address, or without mail.
pub(crate) fn of_user(ctx: &Ctx, user: &User, template: MailTemplate) -> Option<Mail> {
    let lang = profile::language(user).unwrap_or_else(|| ctx.lang());
    let mail = to(&ctx.app, user, (template, lang))?;
    Some(with_place(mail, &ctx.caller))
}

/// Of many failed logins, if this one makes them many: the store decides. The stranger's language says nothing about the user's.
pub(crate) fn many_failures(ctx: &Ctx, user: &User) -> Option<Mail> {
    if user.failures.count.saturating_add(1) < LoginFailures::MANY {
        return None;
    }
    let lang = profile::language(user).unwrap_or(ctx.app.settings.language);
    let mail = to(&ctx.app, user, (MailTemplate::ManyFailures, lang))?;
    Some(with_place(mail, &ctx.caller))
}

/// Of a login in a browser in which the user has not logged in before.
pub(crate) fn new_device(ctx: &Ctx, user: &User) -> Option<Notice> {
    if known_device::of(ctx, user).is_some() {
        return None;
    }
    let mail = of_user(ctx, user, MailTemplate::NewDevice)?;
    Some(with_link(&ctx.app, mail, ctx.caller.now))
}

/// A way to sign in, as a mail names it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way<'a> {
    App,
    /// With its name.
    Passkey(&'a str),
    BackupCodes,
    /// An account at a provider of this name.
    Account(&'a str),
}

impl Way<'_> {
    fn in_words(self, lang: Lang) -> String {
        match self {
            Self::App => i18n::t(lang, Key("mail-way-app")).to_owned(),
            Self::Passkey(name) => i18n::t_with(lang, Key("mail-way-passkey"))
                .name("name", name)
                .plain(),
            Self::BackupCodes => i18n::t(lang, Key("mail-way-backup-codes")).to_owned(),
            Self::Account(provider) => provider.to_owned(),
        }
    }
}

/// Of a way to sign in that was added.
pub(crate) fn added(ctx: &Ctx, user: &User, way: Way<'_>) -> Option<Notice> {
    let template = match way {
        Way::Account(_) => MailTemplate::AccountLinked,
        _ => MailTemplate::FactorAdded,
    };
    of_way(ctx, user, template, way)
}

/// Of a way to sign in that was removed.
pub(crate) fn removed(ctx: &Ctx, user: &User, way: Way<'_>) -> Option<Notice> {
    let template = match way {
        Way::Account(_) => MailTemplate::AccountUnlinked,
        _ => MailTemplate::FactorRemoved,
    };
    of_way(ctx, user, template, way)
}

fn of_way(ctx: &Ctx, user: &User, template: MailTemplate, way: Way<'_>) -> Option<Notice> {
    let mail = of_user(ctx, user, template)?;
    let value = match way {
        Way::Account(_) => MailValue::Provider,
        _ => MailValue::Factor,
    };
    let words = way.in_words(mail.lang());
    Some(with_link(
        &ctx.app,
        mail.with(value, &words),
        ctx.caller.now,
    ))
}

/// Of a password that an operator has set.
pub(crate) fn password_set(app: &App, user: &User, now: Timestamp) -> Option<Notice> {
    let lang = profile::language(user).unwrap_or(app.settings.language);
    let mail = to(app, user, (MailTemplate::PasswordChanged, lang))?.at(now);
    Some(with_link(app, mail, now))
}

/// When it was, where and in which browser.
pub(crate) fn with_place(mail: Mail, caller: &Caller) -> Mail {
    let user_agent = caller.user_agent().unwrap_or_default();
    let device = in_words(mail.lang(), &user_agent);
    let mail = mail.with(MailValue::Device, &device).at(caller.now);
    match caller.address {
        Some(address) => mail.with(MailValue::Network, &address.ip.to_string()),
        None => mail,
    }
}

/// A mail to the user, if mail is on and the address is verified.
pub(crate) fn to(app: &App, user: &User, (template, lang): (MailTemplate, Lang)) -> Option<Mail> {
    let address = user.email.as_deref().filter(|_| user.email_verified)?;
    let to = EmailAddress::parse(address)
        .ok()
        .filter(|_| app.mail.is_on())?;
    let mail = Mail::new(to, template, lang)
        .of(user.subject.clone())
        .with(MailValue::User, user.username.as_str());
    Some(mail)
}

/// The mail with the link "it wasn't me".
pub(crate) fn with_link(app: &App, mail: Mail, at: Timestamp) -> Notice {
    let token = app.entropy.token();
    let event = Disowned {
        at,
        email: mail.to().clone(),
        had_factor: mail.template() == MailTemplate::FactorRemoved,
    };
    let link = NewLink {
        token: token.hash(),
        purpose: LinkPurpose::NotMe,
        payload: Some(event.to_payload()),
        expires_at: at.saturating_add(Disowned::TTL).unwrap_or(at),
    };
    let target = LinkTarget {
        path: "/not_me",
        token: &token.to_text(),
        expires_at: link.expires_at,
    };
    Notice {
        mail: app.mail.with_link(mail, &target),
        not_me: Some(link),
    }
}
