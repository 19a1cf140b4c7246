//! `/sign_up`: a stranger asks for an account (2.1).
//!
//! Nothing is stored for a stranger: the pending sign-up is sealed in the link that is mailed, and the only row is that mail, bounded
//! in number. The answer is the same whatever exists: what depends on accounts is done after it.

pub(crate) mod page;
mod pending;

use std::{net::IpAddr, sync::Arc};

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate},
    model::{Actor, Cause, User, Username},
    profile,
};
use cardea_seal::Secret;
use cardea_store::{PutMail, StoreError, StrangerLimits};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};

use self::page::{Entered, Problem, SignUpPage, View};
pub(crate) use self::pending::PendingSignUp;
use crate::{
    after_answer::after_answer,
    app::App,
    browser::Browser,
    config::SignUpMode,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_STEP_BYTES, read_limited},
    journey::{
        forms::{csrf_parts, from_our_page},
        goal::{AccountSection, Goal},
        new_account,
        next_step::parameter,
        ticket::{Opened, Ticket},
    },
    limited,
    mail::mailer::LinkTarget,
    pages::{self, html},
    password_reset,
};

const STEP: &str = "sign-up";
/// A longer name is no user's.
const MAX_NAME_BYTES: usize = 256;
/// How many mails of sign-ups may be pending in all, to one address, and from one network.
const PENDING: u32 = 1000;
const TO_ONE: u32 = 3;
const OF_NETWORK: u32 = 50;

/// 303 to the page, with a journey that is continued afterwards.
pub(crate) fn to_page(app: &App, ticket: &Ticket) -> Result<Response, Failure> {
    let page = app.settings.issuer.endpoint("/sign_up");
    let url = format!("{page}?ticket={}", ticket.seal(app)?);
    Ok(Redirect::to(&url).into_response())
}

/// `GET /sign_up`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
        let view = view(&ctx)?;
        let query = query?;
        let browser = Browser::of(&ctx);
        let ticket = match parameter(&query, "ticket") {
            Some(text) => open(&ctx, &browser, Some(text))?,
            None => {
                let return_to = AccountSection::Profile;
                let goal = Goal::Account { return_to };
                Ticket::new(&ctx.app, &browser, goal, ctx.caller.now)
            }
        };
        if let Goal::Authorize(request) = &ticket.goal {
            ctx.language.offer(request.language);
        }
        let ticket = ticket.seal(&ctx.app)?;
        let mut response = show(&ctx, &browser, &ticket, view, &Entered::default());
        browser.remember(&ctx.app, response.headers_mut());
        Ok(response)
    };
    error::page(&ctx, result.await)
}

/// `POST /sign_up`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.login;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_STEP_BYTES).await?;
        sign_up(&ctx, &Form::of(pairs)?).await
    };
    error::page(&ctx, result.await)
}

/// What the page shows, if there is one.
fn view(ctx: &Ctx) -> Result<View, Failure> {
    match ctx.app.settings.sign_up.mode {
        SignUpMode::Off => Err(Failure::page(PageError::NotFound, "sign-up is off")),
        SignUpMode::Invite => Ok(View::NeedsInvitation),
        SignUpMode::Open if !ctx.app.mail.is_on() => Ok(View::NoMail),
        SignUpMode::Open => Ok(View::Form(None)),
    }
}

/// A ticket, of which only the goal is used.
fn open(ctx: &Ctx, browser: &Browser, text: Option<&str>) -> Result<Ticket, Failure> {
    match Ticket::open(&ctx.app, browser, text, ctx.caller.now)? {
        Opened::Own(ticket) | Opened::Restarted(ticket) => Ok(ticket),
    }
}

async fn sign_up(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let view = view(ctx)?;
    let text = form.one("ticket").unwrap_or_default();
    // A browser that was given a page has a cookie, if it keeps cookies.
    if browser.fresh.is_some() {
        let cause = "a form without the browser's cookie";
        let restart = Ticket::restart_of(&ctx.app, text);
        return Err(Failure::page(PageError::OtherBrowser, cause).with_restart(restart));
    }
    from_our_page(ctx, &csrf_parts(&browser, text, STEP), form.one("csrf"))?;
    let ticket = open(ctx, &browser, Some(text))?;
    let entered = Entered {
        username: form.one("username").unwrap_or_default().trim(),
        email: form.one("email").unwrap_or_default().trim(),
    };
    if !matches!(view, View::Form(_)) {
        return Ok(show(ctx, &browser, text, view, &entered));
    }
    let (user, email) = match user_of(ctx, &entered)? {
        Ok(found) => found,
        Err(problem) => return Ok(again(ctx, &browser, text, problem, &entered)),
    };
    let password = form.one("password").unwrap_or_default();
    let hash = match hash(ctx, password, &user).await? {
        Ok(hash) => hash,
        Err(problem) => return Ok(again(ctx, &browser, text, problem, &entered)),
    };
    let pending = PendingSignUp::new(ctx, &browser, user, email).with(&hash, ticket.goal);
    let (app, lang) = (Arc::clone(&ctx.app), ctx.lang());
    let cause = ctx.caller.cause(Actor::Stranger);
    // Sealed here in any case: the time is the same.
    let token = pending.seal(&ctx.app)?;
    let limits = limits(ctx);
    let work = async move {
        let mail = mail(&app, &pending, (&token, lang)).await?;
        send(&app, mail, limits, cause).await
    };
    after_answer(ctx, "a sign-up", work);
    Ok(show(ctx, &browser, text, View::Sent, &Entered::default()))
}

/// The user who asks for an account, or what is wrong. It does not depend on any account.
fn user_of(
    ctx: &Ctx,
    entered: &Entered<'_>,
) -> Result<Result<(User, EmailAddress), Problem>, Failure> {
    let Some(username) = new_name(entered.username) else {
        return Ok(Err(Problem::Username));
    };
    let Ok(email) = EmailAddress::parse(entered.email) else {
        return Ok(Err(Problem::Email));
    };
    if !ctx.app.settings.sign_up.allows(&email) {
        return Ok(Err(Problem::Domain));
    }
    let user = User {
        email: Some(email.as_str().to_owned()),
        email_verified: true,
        ..new_account::new_user(ctx, username, None)?
    };
    Ok(Ok((user, email)))
}

/// A user name for a new account. One with an `@` looks like an address.
pub(crate) fn new_name(text: &str) -> Option<Username> {
    let bounded = text.len() <= MAX_NAME_BYTES && !text.contains('@');
    Username::parse_new(text).ok().filter(|_| bounded)
}

/// The hash of a password of a new account, or what is wrong with the password.
pub(crate) async fn hash(
    ctx: &Ctx,
    password: &str,
    user: &User,
) -> Result<Result<Secret<String>, Problem>, Failure> {
    let hash = password_reset::new_hash(ctx, password, user).await?;
    Ok(hash.map_err(Problem::Password))
}

/// What this request can make wait in the outbox. Of an IPv6 network a site has a whole /48.
fn limits(ctx: &Ctx) -> StrangerLimits {
    let network = ctx.caller.address.map(|address| match address.ip {
        IpAddr::V4(_) => address.network(),
        IpAddr::V6(_) => address.wide_network(),
    });
    StrangerLimits {
        pending: PENDING,
        to_one: TO_ONE,
        network: network.map_or_else(String::new, |network| network.to_string()),
        of_network: OF_NETWORK,
    }
}

/// The mail with the link, or that says that the address has an account.
async fn mail(
    app: &App,
    pending: &PendingSignUp,
    (token, lang): (&Secret<String>, Lang),
) -> Result<Mail, StoreError> {
    let found = match Username::parse(pending.email.as_str()) {
        Ok(name) => app.store.login_user(&name).await?,
        Err(_) => None,
    };
    let to = pending.email.clone();
    Ok(match found {
        Some(owner) => {
            let lang = profile::language(&owner.user).unwrap_or(lang);
            Mail::new(to, MailTemplate::SignUpTaken, lang)
        }
        None => {
            // Without the user name: who chose it may not be who reads it, and it could be an advertisement.
            let mail = Mail::new(to, MailTemplate::SignUp, lang);
            let target = LinkTarget {
                path: "/verify_email",
                token,
                expires_at: pending.expires_at,
            };
            app.mail.with_link(mail, &target)
        }
    })
}

async fn send(
    app: &App,
    mail: Mail,
    limits: StrangerLimits,
    cause: Cause,
) -> Result<(), StoreError> {
    if !app.limits.mail_to_one.check(&mail.to().key()).allowed {
        return Ok(());
    }
    let limits = Some(limits);
    let written = app.store.put_mail(PutMail {
        mail,
        limits,
        cause,
    });
    if written.await? {
        app.mail.wake();
    } else {
        tracing::warn!("too many mails to strangers are pending: a sign-up was not mailed");
    }
    Ok(())
}

fn again(
    ctx: &Ctx,
    browser: &Browser,
    ticket: &str,
    problem: Problem,
    entered: &Entered<'_>,
) -> Response {
    let page = show(ctx, browser, ticket, View::Form(Some(problem)), entered);
    pages::refused(page)
}

fn show(ctx: &Ctx, browser: &Browser, ticket: &str, view: View, entered: &Entered<'_>) -> Response {
    let csrf = ctx.app.csrf.token(&csrf_parts(browser, ticket, STEP));
    let page = SignUpPage {
        shell: ctx.shell(),
        csrf: &csrf,
        ticket,
        view,
        entered: *entered,
    };
    html(SignUpPage::CSP, &page)
}
