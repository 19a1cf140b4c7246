//! `GET` and `POST /new_password`: a user whose password must be changed chooses another one, before a session is opened.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{
    journey::NextStep,
    model::{Actor, User},
};
use cardea_seal::Secret;
use cardea_store::ChangePasswordAtLogin;
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};
use jiff::Timestamp;

use self::page::{NewPasswordPage, Problem};
use crate::{
    account::security::password,
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_STEP_BYTES, read_limited},
    journey::{
        Journey,
        forms::{Posted, csrf_parts, posted},
        next_step::{proceed, show_or_proceed},
        session,
    },
    pages::{self, UserLine, html},
    password_reset,
    passwords::{Checked, Lane},
};

const STEP: &str = "new password";

/// `GET /new_password`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let show =
            |ctx: &Ctx, browser: &Browser, journey: &Journey| show(ctx, browser, journey, None);
        show_or_proceed(&ctx, &query?, NextStep::NewPassword, show).await
    };
    error::page(&ctx, result.await)
}

/// `POST /new_password`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        // Each try takes a hash or two, as a sign-in does.
        let limiter = &ctx.app.limits.login;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_STEP_BYTES).await?;
        choose(&ctx, &Form::of(pairs)?).await
    };
    error::page(&ctx, result.await)
}

async fn choose(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let journey = match posted(ctx, &browser, STEP, form).await? {
        Posted::Restarted(response) => return Ok(response),
        Posted::Step(journey) => *journey,
    };
    // Only this step changes a password: the rules say that all else that the login needs was proved.
    let proved = journey.ticket.steps.proved_password();
    let proved = proved.filter(|_| journey.next().ok() == Some(NextStep::NewPassword));
    let Some(proved) = proved else {
        return proceed(ctx, &browser, journey.ticket).await;
    };
    let user = asked(&journey)?;
    let new = form.one("password").unwrap_or_default();
    match judged(ctx, &journey, (user, proved), new).await? {
        Ok(hash) => change(ctx, &browser, journey, (proved, hash)).await,
        Err(problem) => {
            let page = show(ctx, &browser, &journey, Some(problem))?;
            Ok(pages::refused(page))
        }
    }
}

/// The hash of a new password that is another one than that which was proved.
async fn judged(
    ctx: &Ctx,
    journey: &Journey,
    (user, proved): (&User, Timestamp),
    new: &str,
) -> Result<Result<Secret<String>, Problem>, Failure> {
    let found = ctx.app.store.login_user(&user.username).await?;
    let found = found.filter(|found| found.user.subject == user.subject);
    let present = found.and_then(|found| found.password);
    let present = present.filter(|password| password.set_at == proved);
    let present = present.ok_or_else(|| too_late(ctx, journey))?.hash;
    let (name, typed) = (user.username.key(), Secret::new(new.to_owned()));
    let checked = ctx
        .app
        .passwords
        .check(&name, typed, Some(&present), Lane::Known);
    if checked.await? != Checked::Wrong {
        return Ok(Err(Problem::Same));
    }
    let hash = password_reset::new_hash(ctx, new, user).await?;
    Ok(hash.map_err(Problem::New))
}

/// Changes the password, and goes on with the login.
async fn change(
    ctx: &Ctx,
    browser: &Browser,
    mut journey: Journey,
    (proved, hash): (Timestamp, Secret<String>),
) -> Result<Response, Failure> {
    let user = asked(&journey)?;
    let command = ChangePasswordAtLogin {
        subject: user.subject.clone(),
        proved_set_at: proved,
        hash,
        notice: password::notice(ctx, user),
        cause: ctx.caller.cause(Actor::Person(user.subject.clone())),
    };
    let Some(set_at) = ctx.app.store.change_password_at_login(command).await? else {
        return Err(too_late(ctx, &journey));
    };
    ctx.app.refresh_password_costs().await?;
    ctx.app.backchannel_logout.wake();
    ctx.app.mail.wake();
    tracing::info!(request_id = %ctx.caller.request_id, subject = user.subject.as_str(), "changed the password at a login");
    journey.ticket.steps.replace_password(set_at);
    session::after_proof(ctx, browser, journey.ticket).await
}

fn too_late(ctx: &Ctx, journey: &Journey) -> Failure {
    let cause = "the password was changed, or the user was disabled, since it was proved";
    Failure::page(PageError::TooLate, cause).with_restart(journey.ticket.restart(&ctx.app))
}

fn asked(journey: &Journey) -> Result<&User, Failure> {
    let cause = "there is no user to ask for a new password";
    let user = journey.concerned();
    user.ok_or_else(|| Failure::page(PageError::TooLate, cause))
}

fn show(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let restart = journey.ticket.restart(&ctx.app);
    let origin = ctx.app.settings.issuer.origin();
    let restart = restart
        .as_deref()
        .map(|url| url.strip_prefix(origin).unwrap_or(url));
    let page = NewPasswordPage {
        shell: ctx.shell(),
        ticket: &journey.ticket.seal(&ctx.app)?,
        csrf: &ctx
            .app
            .csrf
            .token(&csrf_parts(browser, &journey.ticket.id, STEP)),
        user: UserLine::of(asked(journey)?),
        problem,
        restart,
    };
    Ok(html(NewPasswordPage::CSP, &page))
}
