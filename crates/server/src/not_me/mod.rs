//! `/not_me`: a user who is told of a sign-in or a change by mail says that it was another. A GET uses nothing: mail scanners read
//! links.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{
    disowned::Disowned,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{Actor, Cause, LinkPurpose, User},
};
use cardea_store::{Constraint, LinkEffect, NewLink, StoreError, TakeLink};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};
use http::StatusCode;
use jiff::SignedDuration;

use self::page::{NotMePage, View};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    journey::{
        forms::csrf_parts,
        link::{LinkForm, followed},
    },
    mail::mailer::LinkTarget,
    pages::{When, html},
    password_reset::{digest, new_link},
};

const STEP: &str = "not me";
/// How long the link to a new password can be used.
const PASSWORD_TTL: SignedDuration = SignedDuration::from_hours(24);

/// `GET /not_me`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let token = &followed(&ctx, query)?;
        let event = Event::of(&ctx, token).await?;
        let browser = Browser::of(&ctx);
        let mut response = event.show(&ctx, &browser, View::Ask);
        browser.remember(&ctx.app, response.headers_mut());
        Ok(response)
    };
    error::page(&ctx, result.await)
}

/// `POST /not_me`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let posted = LinkForm::read(&ctx, &ctx.app.limits.login, form, STEP).await?;
        let event = Event::of(&ctx, posted.token()).await?;
        event.disown(&ctx, &posted.browser).await
    };
    error::page(&ctx, result.await)
}

/// An event whose link is followed.
struct Event<'a> {
    token: &'a str,
    user: User,
    disowned: Disowned,
}

impl<'a> Event<'a> {
    async fn of(ctx: &Ctx, token: &'a str) -> Result<Self, Failure> {
        let found = ctx.app.store.link(digest(token)?, ctx.caller.now).await?;
        let found = found.filter(|link| link.purpose == LinkPurpose::NotMe);
        let link = found.ok_or_else(used)?;
        ctx.language.offer_of(Some(&link.user));
        let disowned = link.payload.as_deref().and_then(Disowned::of_payload);
        let broken = || Failure::Internal("a link to disown nothing".to_owned());
        Ok(Self {
            token,
            user: link.user,
            disowned: disowned.ok_or_else(broken)?,
        })
    }

    /// Single use: the store decides.
    async fn disown(self, ctx: &Ctx, browser: &Browser) -> Result<Response, Failure> {
        let subject = self.user.subject.clone();
        let cause = ctx.caller.cause(Actor::Person(subject.clone()));
        let (next, mail) = self.new_password(ctx, &cause);
        let taken = ctx.app.store.take_link(TakeLink {
            token: digest(self.token)?,
            effect: LinkEffect::NotMe,
            next: Some(next),
            mails: [Some(mail), self.farewell(ctx)]
                .into_iter()
                .flatten()
                .collect(),
            cause,
        });
        match taken.await {
            Ok(Some(_)) => {}
            Ok(None) => return Err(used()),
            Err(StoreError::Conflict {
                constraint: Constraint::Email,
            }) => {
                let mut page = self.show(ctx, browser, View::Taken);
                *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                return Ok(page);
            }
            Err(error) => return Err(error.into()),
        }
        ctx.app.mail.wake();
        ctx.app.backchannel_logout.wake();
        tracing::info!(request_id = %ctx.caller.request_id, subject = subject.as_str(), "secured an account by a link");
        Ok(self.show(ctx, browser, View::Done))
    }

    /// The link to a new password. It is mailed again to the address of the first mail, which is the user's again: the link that was
    /// followed is up to seven days old, and the address of today may be the attacker's.
    fn new_password(&self, ctx: &Ctx, cause: &Cause) -> (NewLink, Mail) {
        let app = &ctx.app;
        let (token, link) = new_link(app, LinkPurpose::PasswordReset, cause, PASSWORD_TTL);
        let to = self.disowned.email.clone();
        let mail = Mail::new(to, MailTemplate::AccountSecured, ctx.lang())
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
        let differs = other.key() != self.disowned.email.key();
        differs.then(|| Mail::new(other, MailTemplate::EmailUndoneOther, ctx.lang()))
    }

    /// Whether the account has another address by now.
    fn moved(&self) -> bool {
        self.user.email.as_deref() != Some(self.disowned.email.as_str())
    }

    fn show(&self, ctx: &Ctx, browser: &Browser, view: View) -> Response {
        let csrf = ctx.app.csrf.token(&csrf_parts(browser, self.token, STEP));
        let page = NotMePage {
            shell: ctx.shell(),
            csrf: &csrf,
            token: self.token,
            email: self.disowned.email.as_str(),
            username: self.user.username.as_str(),
            at: When::new(self.disowned.at, ctx.caller.now),
            restores: self.moved(),
            view,
        };
        html(NotMePage::CSP, &page)
    }
}

fn used() -> Failure {
    Failure::page(PageError::UsedLink, "no such living link to disown")
}
