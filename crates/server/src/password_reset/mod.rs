//! `/password_reset`: a new password by a link for one use, and the request for such a link by mail.
//!
//! Nothing here shows who has an account: the answer to a request is the same bytes, and what depends on the account happens
//! after it. A new password opens no session, so a second factor is never skipped.

pub(crate) mod page;

use std::sync::Arc;

use axum::response::Response;
use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{Actor, Cause, LinkPurpose, User, Username},
    profile,
};
use cardea_seal::{Digest, RandomToken, Secret};
use cardea_store::{LinkEffect, LivingLink, MakeLink, NewLink, Notice, StoreError, TakeLink};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};
use jiff::SignedDuration;

use self::page::{AskPage, NewPasswordPage, Problem};
use crate::{
    after_answer::after_answer,
    app::App,
    browser::Browser,
    config::development::is_demo_secret,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    journey::{forms::csrf_parts, link::LinkForm, next_step::parameter},
    limited,
    mail::mailer::LinkTarget,
    notice,
    pages::{self, html},
    passwords::HashError,
};

/// The step of the forms of all links to a password.
pub(crate) const STEP: &str = "password reset";
/// How long a link in a mail can be used.
const MAIL_TTL: SignedDuration = SignedDuration::from_mins(60);
/// A longer name is no user's.
const MAX_NAME_BYTES: usize = 256;

/// `GET /password_reset`. A link is not used by it: mail scanners read links.
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = show(&ctx, query).await;
    let result =
        result.map(|page| page.unwrap_or_else(|| show_ask(&ctx, &Browser::of(&ctx), false)));
    error::page(&ctx, result)
}

/// The page for a new password, if there is a token.
async fn show(
    ctx: &Ctx,
    query: Result<QueryPairs, FormError>,
) -> Result<Option<Response>, Failure> {
    limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
    let query = query?;
    let Some(token) = parameter(&query, "token") else {
        return Ok(None);
    };
    let link = find(ctx, token).await?;
    Ok(Some(show_new(ctx, &Browser::of(ctx), (token, &link), None)))
}

/// `POST /password_reset`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let posted = LinkForm::read(&ctx, &ctx.app.limits.login, form, STEP).await?;
        let LinkForm { browser, form } = &posted;
        match posted.token() {
            "" => Ok(ask(&ctx, browser, form.one("username"))),
            token => set_password(&ctx, browser, token, form.one("password")).await,
        }
    };
    error::page(&ctx, result.await)
}

pub(crate) fn digest(token: &str) -> Result<Digest, Failure> {
    let token = RandomToken::parse(token).map(|token| token.hash());
    token.ok_or_else(|| Failure::page(PageError::BrokenLink, "not a token"))
}

/// The link, if it leads to a new password and is alive.
async fn find(ctx: &Ctx, token: &str) -> Result<LivingLink, Failure> {
    let found = ctx.app.store.link(digest(token)?, ctx.caller.now).await?;
    let leads_here = |link: &LivingLink| {
        matches!(
            link.purpose,
            LinkPurpose::PasswordReset | LinkPurpose::Invite
        )
    };
    let link = found
        .filter(leads_here)
        .ok_or_else(|| Failure::page(PageError::UsedLink, "no such living link"))?;
    ctx.language.offer_of(Some(&link.user));
    Ok(link)
}

/// The page of a link to a first password, if the token is that of one.
pub(crate) async fn first_password(
    ctx: &Ctx,
    browser: &Browser,
    token: &str,
) -> Result<Option<Response>, Failure> {
    let found = ctx.app.store.link(digest(token)?, ctx.caller.now).await?;
    if found.is_none() {
        return Ok(None);
    }
    let link = find(ctx, token).await?;
    Ok(Some(show_new(ctx, browser, (token, &link), None)))
}

pub(crate) async fn set_password(
    ctx: &Ctx,
    browser: &Browser,
    token: &str,
    password: Option<&str>,
) -> Result<Response, Failure> {
    let link = find(ctx, token).await?;
    let again = |problem| {
        let page = show_new(ctx, browser, (token, &link), Some(problem));
        pages::refused(page)
    };
    let hash = match new_hash(ctx, password.unwrap_or_default(), &link.user).await? {
        Ok(hash) => hash,
        Err(problem) => return Ok(again(problem)),
    };
    let subject = link.user.subject.clone();
    let (next, mail) = changed(ctx, &link).await?;
    let used = ctx.app.store.take_link(TakeLink {
        token: digest(token)?,
        effect: LinkEffect::SetPassword(hash),
        next,
        mails: mail.into_iter().collect(),
        cause: ctx.caller.cause(Actor::Person(subject)),
    });
    if used.await?.is_none() {
        return Err(Failure::page(PageError::UsedLink, "used at the same time"));
    }
    ctx.app.refresh_password_costs().await?;
    ctx.app.backchannel_logout.wake();
    ctx.app.mail.wake();
    tracing::info!(request_id = %ctx.caller.request_id, subject = link.user.subject.as_str(), "set a new password by a link");
    let page = NewPasswordPage {
        done: true,
        ..new_page(ctx, &link, ("", ""), None)
    };
    Ok(html(NewPasswordPage::CSP, &page))
}

/// The mail about a new password, and its link. A first password changes nothing.
async fn changed(ctx: &Ctx, link: &LivingLink) -> Result<(Option<NewLink>, Option<Mail>), Failure> {
    if !ctx.app.store.has_password(&link.user.subject).await? {
        return Ok((None, None));
    }
    let mail = notice::of_user(ctx, &link.user, MailTemplate::PasswordChanged);
    let notice = mail.map(|mail| notice::with_link(&ctx.app, mail, ctx.caller.now));
    Ok(match notice {
        Some(Notice { mail, not_me }) => (not_me, Some(mail)),
        None => (None, None),
    })
}

/// The hash of a new password, or what is wrong with the password.
pub(crate) async fn new_hash(
    ctx: &Ctx,
    password: &str,
    user: &User,
) -> Result<Result<Secret<String>, Problem>, Failure> {
    if !ctx.app.settings.development && is_demo_secret(password) {
        return Ok(Err(Problem::Weak));
    }
    match hash(ctx, password, user).await {
        Ok(hash) => Ok(Ok(hash)),
        Err(HashError::Busy(busy)) => Err(busy.into()),
        Err(HashError::Password(error)) => Ok(Err(Problem::of(&error))),
    }
}

/// Hashes a new password, unless it is easy to guess for someone who knows the names of the user and of the provider.
pub(crate) async fn hash(
    ctx: &Ctx,
    password: &str,
    user: &User,
) -> Result<Secret<String>, HashError> {
    let name = user.claims.get("name").and_then(serde_json::Value::as_str);
    let app = &ctx.app;
    let about = [
        Some(user.username.as_str()),
        user.email.as_deref(),
        name,
        Some(app.settings.brand.name()),
        Some(app.settings.issuer.as_str()),
    ];
    let about = about.into_iter().flatten().map(str::to_owned).collect();
    let password = Secret::new(password.to_owned());
    app.passwords
        .judge_and_hash(password, about, &app.entropy)
        .await
}

/// The answer is the same whatever the name is. The mail is written after it.
fn ask(ctx: &Ctx, browser: &Browser, username: Option<&str>) -> Response {
    let username = username.unwrap_or_default().trim();
    let asked = Username::parse(username).ok();
    if let Some(name) = asked.filter(|_| username.len() <= MAX_NAME_BYTES && ctx.app.mail.is_on()) {
        let (app, lang) = (Arc::clone(&ctx.app), ctx.lang());
        let cause = ctx.caller.cause(Actor::Stranger);
        let work = async move { send_link(&app, &name, lang, cause).await };
        after_answer(ctx, "the link to a new password", work);
    }
    show_ask(ctx, browser, true)
}

/// Mails a link, if the user has a verified address.
async fn send_link(app: &App, name: &Username, lang: Lang, cause: Cause) -> Result<(), StoreError> {
    let key = format!("password reset {}", name.key());
    if !app.limits.login_account.check(key.as_str()).allowed {
        return Ok(());
    }
    let Some(found) = app.store.login_user(name).await? else {
        return Ok(());
    };
    let user = found.user;
    let verified = user.email.as_deref().filter(|_| user.email_verified);
    let Some(to) = verified.and_then(|email| EmailAddress::parse(email).ok()) else {
        return Ok(());
    };
    let (token, mut link) = new_link(app, LinkPurpose::PasswordReset, &cause, MAIL_TTL);
    link.payload = user.email.clone();
    let lang = profile::language(&user).unwrap_or(lang);
    let mail = Mail::new(to, MailTemplate::PasswordReset, lang)
        .of(user.subject.clone())
        .with(MailValue::User, user.username.as_str());
    let target = LinkTarget {
        path: "/password_reset",
        token: &token,
        expires_at: link.expires_at,
    };
    let mail = app.mail.with_link(mail, &target);
    let command = MakeLink {
        subject: user.subject,
        link,
        mail: Some(mail),
        cause,
    };
    app.store.make_link(command).await?;
    app.mail.wake();
    Ok(())
}

/// A new link, and the text of its token.
pub(crate) fn new_link(
    app: &App,
    purpose: LinkPurpose,
    cause: &Cause,
    ttl: SignedDuration,
) -> (Secret<String>, NewLink) {
    let token = app.entropy.token();
    let link = NewLink {
        token: token.hash(),
        purpose,
        payload: None,
        expires_at: cause.now.saturating_add(ttl).unwrap_or(cause.now),
    };
    (token.to_text(), link)
}

fn show_ask(ctx: &Ctx, browser: &Browser, sent: bool) -> Response {
    let csrf = ctx.app.csrf.token(&csrf_parts(browser, "", STEP));
    let page = AskPage {
        shell: ctx.shell(),
        csrf: &csrf,
        has_mail: ctx.app.mail.is_on(),
        sent,
    };
    let mut response = html(AskPage::CSP, &page);
    browser.remember(&ctx.app, response.headers_mut());
    response
}

fn show_new(
    ctx: &Ctx,
    browser: &Browser,
    (token, link): (&str, &LivingLink),
    problem: Option<Problem>,
) -> Response {
    let csrf = ctx.app.csrf.token(&csrf_parts(browser, token, STEP));
    let page = new_page(ctx, link, (token, &csrf), problem);
    let mut response = html(NewPasswordPage::CSP, &page);
    browser.remember(&ctx.app, response.headers_mut());
    response
}

fn new_page<'a>(
    ctx: &'a Ctx,
    link: &'a LivingLink,
    (token, csrf): (&'a str, &'a str),
    problem: Option<Problem>,
) -> NewPasswordPage<'a> {
    NewPasswordPage {
        shell: ctx.shell(),
        csrf,
        token,
        is_invitation: link.purpose == LinkPurpose::Invite,
        username: link.user.username.as_str(),
        problem,
        done: false,
    }
}
