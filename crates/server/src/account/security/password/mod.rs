//! `GET` and `POST /account/security/password`: I change my password, or get a first one.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{
    mail::MailTemplate,
    model::{Actor, User},
};
use cardea_seal::Secret;
use cardea_store::{ChangeOwnPassword, Notice};
use cardea_web::inbound::{UnreadForm, limits::Decision};
use http::StatusCode;
use jiff::Timestamp;

use self::page::{PasswordPage, Problem};
use crate::{
    account::frame::{
        Done, Posted, SignedIn, Visit, back_to, posted, require_recent_sign_in, visit,
    },
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_PAGE_BYTES},
    journey::{
        goal::AccountSection,
        known_device::{self, ProvedThere},
    },
    login::{self, Outcome, page::LoginProblem},
    notice,
    pages::{self, html},
    password_reset,
};

const SECTION: AccountSection = AccountSection::Password;

/// `GET /account/security/password`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, SECTION).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => match require_recent_sign_in(&ctx, &user, SECTION).await? {
                Some(again) => Ok(again),
                None => show(&ctx, &user, None).await,
            },
        }
    };
    error::page(&ctx, result.await)
}

/// `POST /account/security/password`
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
    if let Some(again) = require_recent_sign_in(ctx, signed_in, SECTION).await? {
        return Ok(again);
    }
    let present = form.one("present").unwrap_or_default();
    let new = form.one("password").unwrap_or_default();
    let proved_set_at = match prove(ctx, signed_in, present).await? {
        Proof::Right(set_at) => set_at,
        Proof::Refused(problem) => return refused(ctx, signed_in, problem).await,
        Proof::Limited(decision) => return too_many(ctx, signed_in, decision).await,
    };
    if proved_set_at.is_some() && new == present {
        return refused(ctx, signed_in, Problem::Same).await;
    }
    let hash = match password_reset::new_hash(ctx, new, &signed_in.user).await? {
        Ok(hash) => hash,
        Err(problem) => return refused(ctx, signed_in, Problem::New(problem)).await,
    };
    change(ctx, signed_in, proved_set_at, hash).await
}

/// What the present password proved.
enum Proof {
    /// It was set then; none where the user has none.
    Right(Option<Timestamp>),
    Refused(Problem),
    Limited(Decision),
}

/// With the limits and the waits of a sign-in: a session is no way around them.
async fn prove(ctx: &Ctx, signed_in: &SignedIn, present: &str) -> Result<Proof, Failure> {
    let user = &signed_in.user;
    if !ctx.app.store.has_password(&user.subject).await? {
        return Ok(Proof::Right(None));
    }
    if present.is_empty() {
        return Ok(Proof::Refused(Problem::Present(LoginProblem::NoPassword)));
    }
    let password = Secret::new(present.to_owned());
    let outcome = login::authenticate(ctx, user.username.as_str(), password).await?;
    let wrong = Problem::Present(LoginProblem::WrongNameOrPassword);
    Ok(match outcome {
        Outcome::Right(proved) if proved.subject == user.subject => {
            Proof::Right(Some(proved.credential_set_at))
        }
        Outcome::Right(_) | Outcome::Refused => Proof::Refused(wrong),
        Outcome::Limited(decision) => Proof::Limited(decision),
    })
}

async fn change(
    ctx: &Ctx,
    signed_in: &SignedIn,
    proved_set_at: Option<Timestamp>,
    hash: Secret<String>,
) -> Result<Response, Failure> {
    let user = &signed_in.user;
    let command = ChangeOwnPassword {
        subject: user.subject.clone(),
        session: signed_in.session.id,
        proved_set_at,
        hash,
        notice: notice(ctx, user),
        cause: ctx.caller.cause(Actor::Person(user.subject.clone())),
    };
    if !ctx.app.store.change_own_password(command).await? {
        let cause = "the session ended, or the password was changed, since the page was shown";
        return Err(Failure::page(PageError::TooLate, cause));
    }
    ctx.app.refresh_password_costs().await?;
    ctx.app.backchannel_logout.wake();
    ctx.app.mail.wake();
    tracing::info!(request_id = %ctx.caller.request_id, subject = user.subject.as_str(), "changed the password");
    let mut response = back_to(ctx, AccountSection::Security, Done::PasswordChanged);
    // All known browsers were forgotten; this one is still known.
    let proved = match known_device::has_proved_factor(ctx, user) {
        true => ProvedThere::SecondFactor,
        false => ProvedThere::FirstFactor,
    };
    known_device::remember(ctx, response.headers_mut(), &user.subject, proved);
    Ok(response)
}

/// The mail about it.
pub(crate) fn notice(ctx: &Ctx, user: &User) -> Option<Notice> {
    let mail = notice::of_user(ctx, user, MailTemplate::PasswordChanged)?;
    Some(notice::with_link(&ctx.app, mail, ctx.caller.now))
}

async fn refused(ctx: &Ctx, signed_in: &SignedIn, problem: Problem) -> Result<Response, Failure> {
    let page = show(ctx, signed_in, Some(problem)).await?;
    Ok(pages::refused(page))
}

async fn too_many(
    ctx: &Ctx,
    signed_in: &SignedIn,
    decision: Decision,
) -> Result<Response, Failure> {
    let minutes = decision.retry_after.as_secs().div_ceil(60);
    let problem = Problem::Present(LoginProblem::TooManyAttempts { minutes });
    let mut page = show(ctx, signed_in, Some(problem)).await?;
    *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    decision.write(page.headers_mut());
    Ok(page)
}

async fn show(
    ctx: &Ctx,
    signed_in: &SignedIn,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let page = PasswordPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Security),
        has_password: ctx.app.store.has_password(&signed_in.user.subject).await?,
        problem,
    };
    Ok(signed_in.answer(ctx, html(PasswordPage::CSP, &page)))
}
