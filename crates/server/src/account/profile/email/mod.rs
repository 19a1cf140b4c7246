//! `GET` and `POST /account/profile/email`: I change my address, or add one. It counts once it is confirmed at `/verify_email`.
//!
//! The answer does not show whether the address has an account: the mails are written after it. The current address gets its notice in
//! any case, or the notice would show that.

pub(crate) mod page;

use std::sync::Arc;

use axum::response::Response;
use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{Actor, Cause, EmailChange, LinkPurpose, User, Username},
};
use cardea_store::{MakeLink, NewLink, PutMail, StoreError};
use cardea_web::inbound::UnreadForm;
use jiff::SignedDuration;

use self::page::{EmailPage, View};
use crate::{
    account::frame::{Posted, SignedIn, Visit, posted, require_recent_sign_in, visit},
    after_answer::after_answer,
    app::App,
    ctx::Ctx,
    error::{self, Failure},
    form::{Form, MAX_PAGE_BYTES},
    journey::goal::AccountSection,
    limited,
    mail::mailer::LinkTarget,
    pages::{self, html},
    password_reset::new_link,
};

const SECTION: AccountSection = AccountSection::Email;
/// How long an address can be confirmed.
const TTL: SignedDuration = SignedDuration::from_mins(60);

/// `GET /account/profile/email`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        let signed_in = match visit(&ctx, SECTION).await? {
            Visit::ToLogin(login) => return Ok(login),
            Visit::SignedIn(user) => user,
        };
        if let Some(again) = require_recent_sign_in(&ctx, &signed_in, SECTION).await? {
            return Ok(again);
        }
        Ok(show(
            &ctx,
            &signed_in,
            View::Form {
                entered: "",
                bad: false,
            },
        ))
    };
    error::page(&ctx, result.await)
}

/// `POST /account/profile/email`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        match posted(&ctx, SECTION, form, MAX_PAGE_BYTES).await? {
            Posted::ToLogin(login) => Ok(login),
            Posted::SignedIn(user, form) => act(&ctx, &user, &form).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn act(ctx: &Ctx, signed_in: &SignedIn, form: &Form) -> Result<Response, Failure> {
    limited::by_network(&ctx.app.limits.login, &ctx.caller)?;
    if let Some(again) = require_recent_sign_in(ctx, signed_in, SECTION).await? {
        return Ok(again);
    }
    let entered = form.one("email").unwrap_or_default().trim();
    if !ctx.app.mail.is_on() {
        return Ok(show(
            ctx,
            signed_in,
            View::Form {
                entered,
                bad: false,
            },
        ));
    }
    let Ok(to) = EmailAddress::parse(entered) else {
        let page = show(ctx, signed_in, View::Form { entered, bad: true });
        return Ok(pages::refused(page));
    };
    let page = show(ctx, signed_in, View::Sent { to: to.as_str() });
    let cause = ctx
        .caller
        .cause(Actor::Person(signed_in.user.subject.clone()));
    let request = Request {
        app: Arc::clone(&ctx.app),
        user: signed_in.user.clone(),
        lang: ctx.lang(),
        to,
        cause,
    };
    after_answer(ctx, "the change of an address", request.send());
    Ok(page)
}

/// A request of a user for another address.
struct Request {
    app: Arc<App>,
    user: User,
    lang: Lang,
    to: EmailAddress,
    cause: Cause,
}

impl Request {
    async fn send(self) -> Result<(), StoreError> {
        let app = &self.app;
        let keys = [
            format!("email change {}", self.user.subject.as_str()),
            // With the sign-ups: one address gets so many mails of both.
            format!("sign-up {}", self.to.key()),
        ];
        for key in keys {
            if !app.limits.login_account.check(key.as_str()).allowed {
                return Ok(());
            }
        }
        if let Some(mail) = self.notice() {
            let (limits, cause) = (None, self.cause.clone());
            app.store
                .put_mail(PutMail {
                    mail,
                    limits,
                    cause,
                })
                .await?;
        }
        let change = EmailChange {
            from: self.user.email.clone(),
            to: self.to.clone(),
        };
        let (token, link) = new_link(app, LinkPurpose::VerifyEmail, &self.cause, TTL);
        let link = NewLink {
            payload: Some(change.to_payload()),
            ..link
        };
        let mail = if self.is_taken().await? {
            // The link is made, too: what a user sees of it must not show that the address is taken. No mail has it.
            Mail::new(self.to.clone(), MailTemplate::EmailChangeTaken, self.lang)
        } else {
            // Without the user name: who reads it may be a stranger.
            let mail = Mail::new(self.to.clone(), MailTemplate::VerifyEmail, self.lang);
            let target = LinkTarget {
                path: "/verify_email",
                token: &token,
                expires_at: link.expires_at,
            };
            app.mail.with_link(mail, &target)
        };
        let command = MakeLink {
            subject: self.user.subject,
            link,
            mail: Some(mail),
            cause: self.cause,
        };
        app.store.make_link(command).await?;
        app.mail.wake();
        Ok(())
    }

    /// The mail to the current address. One that is not verified may be a stranger's.
    fn notice(&self) -> Option<Mail> {
        let current = verified_address(&self.user)?;
        let mail = Mail::new(current, MailTemplate::EmailChangeRequested, self.lang)
            .of(self.user.subject.clone())
            .with(MailValue::User, self.user.username.as_str())
            .with(MailValue::Address, self.to.as_str());
        Some(mail)
    }

    /// Whether another user logs in with the address.
    async fn is_taken(&self) -> Result<bool, StoreError> {
        let Ok(name) = Username::parse(self.to.as_str()) else {
            return Ok(false);
        };
        let found = self.app.store.login_user(&name).await?;
        Ok(found.is_some_and(|found| found.user.subject != self.user.subject))
    }
}

/// The user's address, if the user has proved to read its mails.
pub(crate) fn verified_address(user: &User) -> Option<EmailAddress> {
    let email = user.email.as_deref().filter(|_| user.email_verified)?;
    EmailAddress::parse(email).ok()
}

fn show(ctx: &Ctx, signed_in: &SignedIn, view: View<'_>) -> Response {
    let page = EmailPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Profile),
        current: signed_in.user.email.as_deref(),
        view: match ctx.app.mail.is_on() {
            true => view,
            false => View::NoMail,
        },
    };
    signed_in.answer(ctx, html(EmailPage::CSP, &page))
}
