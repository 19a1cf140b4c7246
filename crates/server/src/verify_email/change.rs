//! The link that confirms the changed address of a user.

use axum::response::Response;
use cardea_protocol::{
    mail::{Mail, MailTemplate, MailValue},
    model::{Actor, EmailChange, LinkPurpose, User},
};
use cardea_seal::RandomToken;
use cardea_store::{LinkEffect, NewLink, TakeLink};

use super::change_page::{ChangePage, View};
use crate::{
    account::profile::email::verified_address,
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    journey::forms::csrf_parts,
    mail::mailer::LinkTarget,
    pages::{html, refused},
    password_reset::new_link,
    take_back::{Used, use_link},
};

/// The step that the forms of all links to an address are bound to.
pub(super) const STEP: &str = "verify email";

/// A change whose link is followed.
pub(super) struct Change<'a> {
    token: &'a str,
    hash: RandomToken,
    user: User,
    change: EmailChange,
}

impl<'a> Change<'a> {
    /// `None` for a token of a sign-up.
    pub(super) async fn of(ctx: &Ctx, token: &'a str) -> Result<Option<Self>, Failure> {
        let Some(hash) = RandomToken::parse(token) else {
            return Ok(None);
        };
        let found = ctx.app.store.link(hash.hash(), ctx.caller.now).await?;
        let found = found.filter(|link| link.purpose == LinkPurpose::VerifyEmail);
        let link = found.ok_or_else(used)?;
        ctx.language.offer_of(Some(&link.user));
        let change = link.payload.as_deref().and_then(EmailChange::of_payload);
        let broken = || Failure::Internal("a link to an address without one".to_owned());
        Ok(Some(Self {
            token,
            hash,
            user: link.user,
            change: change.ok_or_else(broken)?,
        }))
    }

    /// Single use, and only if the address is still the one from which the change was asked: the store decides both.
    pub(super) async fn confirm(self, ctx: &Ctx, browser: &Browser) -> Result<Response, Failure> {
        let subject = self.user.subject.clone();
        let cause = ctx.caller.cause(Actor::Person(subject.clone()));
        let (next, mails) = self.way_back(ctx, &cause).unzip();
        let used = use_link(
            ctx,
            TakeLink {
                token: self.hash.hash(),
                effect: LinkEffect::VerifyEmail,
                next,
                mails: mails.into_iter().collect(),
                cause,
            },
        );
        let view = match used.await? {
            Used::Done(_) => View::Done,
            Used::AddressTaken => return Ok(refused(self.show(ctx, browser, View::Taken))),
            Used::TooMany => return Ok(refused(self.show(ctx, browser, View::TooMany))),
        };
        tracing::info!(request_id = %ctx.caller.request_id, subject = subject.as_str(), "confirmed an address by a link");
        Ok(self.show(ctx, browser, view))
    }

    /// The link that undoes the change, and the mail with it to the address before. One that was not verified may be a stranger's: it
    /// gets nothing.
    fn way_back(
        &self,
        ctx: &Ctx,
        cause: &cardea_protocol::model::Cause,
    ) -> Option<(NewLink, Mail)> {
        let before = verified_address(&self.user)?;
        if before.key() == self.change.to.key() {
            return None;
        }
        let app = &ctx.app;
        let (token, link) = new_link(app, LinkPurpose::EmailUndo, cause, EmailChange::UNDO_TTL);
        let link = NewLink {
            payload: Some(before.as_str().to_owned()),
            ..link
        };
        let mail = Mail::new(before, MailTemplate::EmailChangeOld, ctx.lang())
            .of(self.user.subject.clone())
            .with(MailValue::User, self.user.username.as_str())
            .with(MailValue::Address, self.change.to.as_str());
        let target = LinkTarget {
            path: crate::email_undo::PATH,
            token: &token,
            expires_at: link.expires_at,
        };
        let mail = app.mail.with_link(mail, &target);
        Some((link, mail))
    }

    pub(super) fn show(&self, ctx: &Ctx, browser: &Browser, view: View) -> Response {
        let csrf = ctx.app.csrf.token(&csrf_parts(browser, self.token, STEP));
        let page = ChangePage {
            shell: ctx.shell(),
            csrf: &csrf,
            token: self.token,
            email: self.change.to.as_str(),
            username: self.user.username.as_str(),
            view,
        };
        html(ChangePage::CSP, &page)
    }
}

fn used() -> Failure {
    Failure::page(PageError::UsedLink, "no such living link to an address")
}
