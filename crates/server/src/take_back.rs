//! Links with which owners take an account back from an attacker, and all other links to an address.

use cardea_protocol::{
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{Actor, Cause, LinkPurpose, User},
};
use cardea_store::{Constraint, LinkEffect, NewLink, StoreError, TakeLink, Taken};
use jiff::SignedDuration;

use crate::{
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    mail::mailer::LinkTarget,
    password_reset::{digest, new_link},
};

/// How long the link to a new password can be used.
const PASSWORD_TTL: SignedDuration = SignedDuration::from_hours(24);

/// What became of a living link.
pub(crate) enum Used {
    Done(Taken),
    /// Nothing: the address got an account in the meantime.
    AddressTaken,
    /// Nothing: so many changes can be undone already.
    TooMany,
}

/// What an owner has again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restored {
    /// The account and its address.
    Whole,
    /// The account. The address got another account in the meantime, so this one has none.
    WithoutAddress,
}

/// Single use: the store decides.
pub(crate) async fn use_link(ctx: &Ctx, command: TakeLink) -> Result<Used, Failure> {
    match ctx.app.store.take_link(command).await {
        Ok(Some(taken)) => {
            ctx.app.mail.wake();
            Ok(Used::Done(taken))
        }
        Ok(None) => Err(Failure::page(
            PageError::UsedLink,
            "the link was used at the same time",
        )),
        Err(StoreError::Conflict {
            constraint: Constraint::Email,
        }) => Ok(Used::AddressTaken),
        Err(StoreError::Conflict {
            constraint: Constraint::TooLarge(_),
        }) => Ok(Used::TooMany),
        Err(error) => Err(error.into()),
    }
}

/// An owner with a link that takes the account back.
pub(crate) struct TakeBack<'a> {
    pub(crate) token: &'a str,
    pub(crate) user: &'a User,
    /// The owner's address, which the account has from now on, unless it got another account in the meantime.
    pub(crate) address: &'a EmailAddress,
}

impl TakeBack<'_> {
    /// The password is removed, as the attacker may know it: the owner is mailed a link to a new one. The link that was followed
    /// is up to seven days old, so it is no such link itself.
    pub(crate) async fn act(
        &self,
        ctx: &Ctx,
        effect: LinkEffect,
        template: MailTemplate,
    ) -> Result<Restored, Failure> {
        let subject = self.user.subject.clone();
        let cause = ctx.caller.cause(Actor::Person(subject.clone()));
        let (next, mail) = self.new_password(ctx, &cause, template);
        let mails = [Some(mail), self.farewell(ctx)];
        let used = use_link(
            ctx,
            TakeLink {
                token: digest(self.token)?,
                effect,
                next: Some(next),
                mails: mails.into_iter().flatten().collect(),
                cause,
            },
        );
        let Used::Done(taken) = used.await? else {
            let why = "a link that takes an account back met a conflict";
            return Err(Failure::Internal(why.to_owned()));
        };
        ctx.app.backchannel_logout.wake();
        tracing::info!(request_id = %ctx.caller.request_id, subject = subject.as_str(), "an owner took the account back by a link");
        Ok(match taken.address_lost {
            true => Restored::WithoutAddress,
            false => Restored::Whole,
        })
    }

    fn new_password(&self, ctx: &Ctx, cause: &Cause, template: MailTemplate) -> (NewLink, Mail) {
        let app = &ctx.app;
        let (token, link) = new_link(app, LinkPurpose::PasswordReset, cause, PASSWORD_TTL);
        let mail = Mail::new(self.address.clone(), template, ctx.lang())
            .of(self.user.subject.clone())
            .with(MailValue::User, self.user.username.as_str());
        let target = LinkTarget {
            path: "/password_reset",
            token: &token,
            expires_at: link.expires_at,
        };
        let mail = app.mail.with_link(mail, &target);
        (link, mail)
    }

    /// The mail to the address that the account has no longer, which may be a stranger's.
    fn farewell(&self, ctx: &Ctx) -> Option<Mail> {
        let other = EmailAddress::parse(self.user.email.as_deref()?).ok()?;
        let differs = other.key() != self.address.key();
        differs.then(|| Mail::new(other, MailTemplate::EmailUndoneOther, ctx.lang()))
    }
}
