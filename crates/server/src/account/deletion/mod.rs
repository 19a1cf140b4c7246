//! `GET` and `POST /account/deletion`: I delete my account. It is kept for a time, in which a login takes that back.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{AccountState, Actor, User},
};
use cardea_seal::Secret;
use cardea_store::RequestDeletion;
use cardea_web::inbound::UnreadForm;
use jiff::Timestamp;

use self::page::{DeletionPage, RequestedPage};
use super::frame::{Posted, SignedIn, Visit, posted, require_recent_sign_in, visit};
use crate::{
    browser::forget_session,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::MAX_PAGE_BYTES,
    journey::goal::AccountSection,
    mail::mailer::LinkTarget,
    pages::{When, html},
};

const SECTION: AccountSection = AccountSection::Deletion;

/// `GET /account/deletion`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, SECTION).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => show(&ctx, &user).await,
        }
    };
    error::page(&ctx, result.await)
}

/// `POST /account/deletion`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        match posted(&ctx, SECTION, form, MAX_PAGE_BYTES).await? {
            Posted::ToLogin(login) => Ok(login),
            Posted::SignedIn(user, _) => act(&ctx, &user).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn show(ctx: &Ctx, signed_in: &SignedIn) -> Result<Response, Failure> {
    if let Some(again) = require_recent_sign_in(ctx, signed_in, SECTION).await? {
        return Ok(again);
    }
    let page = DeletionPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Profile),
        delete_at: When::new(delete_at(ctx)?, ctx.caller.now),
        mail_to: address(ctx, &signed_in.user).map(|address| address.to_string()),
    };
    Ok(signed_in.answer(ctx, html(DeletionPage::CSP, &page)))
}

async fn act(ctx: &Ctx, signed_in: &SignedIn) -> Result<Response, Failure> {
    if let Some(again) = require_recent_sign_in(ctx, signed_in, SECTION).await? {
        return Ok(again);
    }
    let delete_at = delete_at(ctx)?;
    let user = &signed_in.user;
    let command = RequestDeletion {
        subject: user.subject.clone(),
        session: signed_in.session.id,
        delete_at,
        mail: mail(ctx, user, delete_at),
        cause: ctx.caller.cause(Actor::Person(user.subject.clone())),
    };
    if !ctx.app.store.request_deletion(command).await? {
        let cause = "the session ended, or the deletion was requested, since the page was shown";
        return Err(Failure::page(PageError::TooLate, cause));
    }
    ctx.app.backchannel_logout.wake();
    ctx.app.mail.wake();
    let page = RequestedPage {
        shell: ctx.shell(),
        delete_at: When::new(delete_at, ctx.caller.now),
    };
    let mut response = html(RequestedPage::CSP, &page);
    forget_session(&ctx.app, response.headers_mut());
    Ok(response)
}

fn delete_at(ctx: &Ctx) -> Result<Timestamp, Failure> {
    let at = ctx.caller.now.checked_add(AccountState::DELETION_GRACE);
    at.map_err(|e| Failure::Internal(e.to_string()))
}

/// Where the mail goes, if mail is on and the user has a verified address.
fn address(ctx: &Ctx, user: &User) -> Option<EmailAddress> {
    let address = user.email.as_deref();
    let address = address.filter(|_| user.email_verified && ctx.app.mail.is_on())?;
    EmailAddress::parse(address).ok()
}

/// The mail about the request. Its link leads to the login, which keeps the account.
fn mail(ctx: &Ctx, user: &User, delete_at: Timestamp) -> Option<Mail> {
    let mail = Mail::new(
        address(ctx, user)?,
        MailTemplate::AccountDeletion,
        ctx.lang(),
    )
    .of(user.subject.clone())
    .with(MailValue::User, user.username.as_str())
    .at(delete_at);
    let target = LinkTarget {
        path: "/login",
        token: &Secret::new(String::new()),
        expires_at: delete_at,
    };
    Some(ctx.app.mail.with_link(mail, &target))
}
