//! `GET` and `POST /account/security/passkeys`: the passkeys that I sign in with.

pub(crate) mod page;

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    journey::{Authenticator, step_up},
    model::{Actor, PasskeyId},
};
use cardea_store::{
    AddPasskey, PasskeyAdded, PasskeyRemoved, PasskeyView, RemovePasskey, RenamePasskey,
};
use cardea_web::inbound::UnreadForm;
use http::StatusCode;

use self::page::{PasskeyLine, PasskeysPage, PasskeysProblem};
use super::factors::show_codes;
use crate::{
    account::{
        devices::device::in_words,
        frame::{Done, Posted, SignedIn, Visit, posted, require_recent_sign_in, visit},
    },
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_PASSKEY_BYTES},
    journey::{
        forms::csrf_parts,
        goal::{AccountSection, Goal},
        session,
        ticket::Ticket,
    },
    notice::{self, Way},
    pages::{self, When, html},
    second_factor::enrol::NewCodes,
    webauthn::registration::{self, For, NewPasskey},
};

const SECTION: AccountSection = AccountSection::Security;
const PAGE: &str = "/account/security/passkeys";
/// The longest name of a passkey, in characters.
const MAX_NAME: usize = 64;

/// `GET /account/security/passkeys`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, SECTION).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => show(&ctx, &user, None).await,
        }
    };
    error::page(&ctx, result.await)
}

/// `POST /account/security/passkeys`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        match posted(&ctx, SECTION, form, MAX_PASSKEY_BYTES).await? {
            Posted::ToLogin(login) => Ok(login),
            Posted::SignedIn(user, form) => act(&ctx, &user, &form).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn act(ctx: &Ctx, signed_in: &SignedIn, form: &Form) -> Result<Response, Failure> {
    let id = || {
        let id = form.one("id").and_then(|id| PasskeyId::parse(id).ok());
        id.ok_or_else(|| Failure::page(PageError::BrokenLink, "no id of a passkey"))
    };
    // A name proves nothing.
    if form.one("action") == Some("rename") {
        return rename(ctx, signed_in, form, id()?).await;
    }
    if let Some(again) = require_recent_sign_in(ctx, signed_in, SECTION).await? {
        return Ok(again);
    }
    match form.one("action") {
        Some("add") => add(ctx, signed_in, form).await,
        Some("remove") => remove(ctx, signed_in, id()?).await,
        _ => Err(Failure::page(
            PageError::BrokenLink,
            "the form of the passkeys has no known action",
        )),
    }
}

/// The name that was typed, if it is one.
fn typed_name(form: &Form) -> Option<String> {
    let name = form.one("name").unwrap_or_default().trim();
    let good =
        !name.is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
    good.then(|| name.to_owned())
}

async fn add(ctx: &Ctx, signed_in: &SignedIn, form: &Form) -> Result<Response, Failure> {
    let Some(label) = typed_name(form) else {
        return unprocessable(ctx, signed_in, PasskeysProblem::NoName).await;
    };
    let challenge = form.one("challenge").unwrap_or_default();
    let answer = form.one("credential").unwrap_or_default();
    let made = registration::verify(ctx, &made_for(signed_in), challenge, answer)?;
    let Some(new) = made else {
        return unprocessable(ctx, signed_in, PasskeysProblem::Refused).await;
    };
    let subject = signed_in.user.subject.clone();
    let synced = new.synced;
    let codes = NewCodes::draw(ctx);
    let command = command(ctx, signed_in, new, label, &codes);
    let backup_codes = match ctx.app.store.add_passkey(command).await? {
        PasskeyAdded::Now { backup_codes } => backup_codes,
        PasskeyAdded::Refused => {
            tracing::info!(request_id = %ctx.caller.request_id, subject = subject.as_str(), "a passkey was not added: it is there already, or there are too many");
            return unprocessable(ctx, signed_in, PasskeysProblem::NotAdded).await;
        }
    };
    ctx.app.mail.wake();
    let mut response = match backup_codes {
        true => show_codes(ctx, &codes),
        false => back(ctx, Done::PasskeyAdded),
    };
    // Making it took user verification, which proves the second factor in this session too.
    let now = ctx.caller.now;
    if let Some(stepped_up) = step_up(&signed_in.session, Authenticator::Passkey { synced }, now) {
        let goal = Goal::Account { return_to: SECTION };
        let ticket = Ticket::new(&ctx.app, &signed_in.browser, goal, now);
        let opened = session::step_up(ctx, ticket, &stepped_up).await?;
        opened.write(ctx, &mut response);
    }
    Ok(response)
}

fn command(
    ctx: &Ctx,
    signed_in: &SignedIn,
    new: NewPasskey,
    label: String,
    codes: &NewCodes,
) -> AddPasskey {
    let subject = signed_in.user.subject.clone();
    AddPasskey {
        id: new.id,
        credential: new.credential,
        notice: notice::added(ctx, &signed_in.user, Way::Passkey(&label)),
        label,
        synced: new.synced,
        first: false,
        backup_codes: codes.tags(ctx, &subject),
        cause: ctx.caller.cause(Actor::Person(subject.clone())),
        subject,
    }
}

async fn rename(
    ctx: &Ctx,
    signed_in: &SignedIn,
    form: &Form,
    id: PasskeyId,
) -> Result<Response, Failure> {
    let Some(label) = typed_name(form) else {
        return unprocessable(ctx, signed_in, PasskeysProblem::NoName).await;
    };
    let subject = signed_in.user.subject.clone();
    let command = RenamePasskey {
        id,
        label,
        cause: ctx.caller.cause(Actor::Person(subject.clone())),
        subject,
    };
    ctx.app.store.rename_passkey(command).await?;
    Ok(back(ctx, Done::PasskeyRenamed))
}

async fn remove(ctx: &Ctx, signed_in: &SignedIn, id: PasskeyId) -> Result<Response, Failure> {
    let subject = signed_in.user.subject.clone();
    let view = ctx.app.store.factors(&subject).await?;
    let passkey = view.passkeys.iter().find(|passkey| passkey.id == id);
    let notice = passkey
        .and_then(|passkey| notice::removed(ctx, &signed_in.user, Way::Passkey(&passkey.label)));
    let command = RemovePasskey {
        id,
        notice,
        cause: ctx.caller.cause(Actor::Person(subject.clone())),
        subject,
    };
    match ctx.app.store.remove_passkey(command).await? {
        PasskeyRemoved::Now | PasskeyRemoved::Missing => {
            ctx.app.mail.wake();
            Ok(back(ctx, Done::PasskeyRemoved))
        }
        PasskeyRemoved::LastWayIn => {
            let problem = Some(PasskeysProblem::LastWayIn);
            let mut page = show(ctx, signed_in, problem).await?;
            *page.status_mut() = StatusCode::CONFLICT;
            Ok(page)
        }
    }
}

fn back(ctx: &Ctx, done: Done) -> Response {
    let page = ctx.app.settings.issuer.endpoint(PAGE);
    Redirect::to(&format!("{page}?done={}", done.as_str())).into_response()
}

fn made_for(signed_in: &SignedIn) -> For<'_> {
    For {
        user: &signed_in.user,
        form: signed_in.session.sid.as_str(),
    }
}

async fn unprocessable(
    ctx: &Ctx,
    signed_in: &SignedIn,
    problem: PasskeysProblem,
) -> Result<Response, Failure> {
    let page = show(ctx, signed_in, Some(problem)).await?;
    Ok(pages::refused(page))
}

async fn show(
    ctx: &Ctx,
    signed_in: &SignedIn,
    problem: Option<PasskeysProblem>,
) -> Result<Response, Failure> {
    let view = ctx.app.store.factors(&signed_in.user.subject).await?;
    let csrf = ctx.app.csrf.token(&csrf_parts(
        &signed_in.browser,
        "",
        crate::account::frame::STEP,
    ));
    let (shell, now) = (ctx.shell(), ctx.caller.now);
    let user_agent = ctx.caller.user_agent().unwrap_or_default();
    let page = PasskeysPage {
        challenge: registration::form(ctx, &made_for(signed_in), &csrf, &view.passkeys)?,
        suggested_name: in_words(shell.lang, &user_agent),
        shell,
        frame: signed_in.frame(ctx, SECTION),
        passkeys: view.passkeys.iter().map(|p| line(p, now)).collect(),
        problem,
    };
    Ok(signed_in.answer(ctx, html(PasskeysPage::CSP, &page)))
}

fn line(passkey: &PasskeyView, now: jiff::Timestamp) -> PasskeyLine<'_> {
    PasskeyLine {
        id: passkey.id.as_str(),
        name: &passkey.label,
        synced: passkey.synced,
        added: When::new(passkey.created_at, now),
        last_used: passkey.last_used_at.map(|at| When::new(at, now)),
    }
}
