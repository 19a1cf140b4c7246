//! A user who needs a second factor and has none sets one up on the way: an authenticator app or a passkey.

use axum::response::Response;
use cardea_protocol::{journey::Authenticator, model::Actor};
use cardea_store::{AddPasskey, PasskeyAdded};
use http::StatusCode;

use super::{
    asked::{asked, csrf, proved, restart},
    enrol::{self, Enrolment, NewCodes, Proof},
    page::{CodesPage, EnrolPage, FactorProblem},
};
use crate::{
    account::devices::device::in_words,
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    form::Form,
    journey::{
        Journey,
        session::{self, Progress},
    },
    notice::{self, Way},
    pages::{UserLine, html},
    webauthn::registration::{self, For},
};

/// Sets up what the form is about.
pub(super) async fn set_up(
    ctx: &Ctx,
    browser: &Browser,
    journey: Journey,
    form: &Form,
) -> Result<Response, Failure> {
    match form.one("credential") {
        Some(_) => by_passkey(ctx, browser, journey, form).await,
        None => by_app(ctx, browser, journey, form).await,
    }
}

/// Sets up an authenticator app, then shows the backup codes.
async fn by_app(
    ctx: &Ctx,
    browser: &Browser,
    journey: Journey,
    form: &Form,
) -> Result<Response, Failure> {
    let user = asked(&journey)?.clone();
    let bound_to = (journey.ticket.id.as_str(), &user);
    let sealed = form.one("enrolment").unwrap_or_default();
    let Some(enrolment) = Enrolment::open(ctx, bound_to, sealed) else {
        // Of another user or journey, or too old: another secret.
        let problem = Some(FactorProblem::EnrolmentTooOld);
        return unprocessable(show(ctx, browser, &journey, None, problem)?);
    };
    let typed = form.one("code").unwrap_or_default();
    let Some(step) = enrolment.secret.step_of(typed, ctx.caller.now) else {
        let problem = Some(FactorProblem::of_code(typed));
        let page = show(ctx, browser, &journey, Some(enrolment), problem)?;
        return unprocessable(page);
    };
    let codes = NewCodes::draw(ctx);
    let proof = Proof {
        enrolment: &enrolment,
        step,
        first: true,
    };
    if !enrol::confirm(ctx, &proof, &user, &codes).await? {
        return Err(too_late(ctx, &journey));
    }
    go_on(ctx, browser, journey, (Authenticator::Totp, &codes)).await
}

/// Makes a passkey, then shows the backup codes.
async fn by_passkey(
    ctx: &Ctx,
    browser: &Browser,
    journey: Journey,
    form: &Form,
) -> Result<Response, Failure> {
    let user = asked(&journey)?.clone();
    let made = For {
        user: &user,
        form: &journey.ticket.id,
    };
    let challenge = form.one("challenge").unwrap_or_default();
    let answer = form.one("credential").unwrap_or_default();
    let Some(new) = registration::verify(ctx, &made, challenge, answer)? else {
        let problem = Some(FactorProblem::PasskeyNotMade);
        return unprocessable(show(ctx, browser, &journey, None, problem)?);
    };
    let codes = NewCodes::draw(ctx);
    let synced = new.synced;
    let user_agent = ctx.caller.user_agent().unwrap_or_default();
    let label = in_words(ctx.shell().lang, &user_agent).into_owned();
    let command = AddPasskey {
        id: new.id,
        credential: new.credential,
        notice: notice::added(ctx, &user, Way::Passkey(&label)),
        label,
        synced,
        first: true,
        backup_codes: codes.tags(ctx, &user.subject),
        cause: ctx.caller.cause(Actor::Person(user.subject.clone())),
        subject: user.subject,
    };
    if ctx.app.store.add_passkey(command).await? == PasskeyAdded::Refused {
        return Err(too_late(ctx, &journey));
    }
    ctx.app.mail.wake();
    let proved = (Authenticator::Passkey { synced }, &codes);
    go_on(ctx, browser, journey, proved).await
}

fn too_late(ctx: &Ctx, journey: &Journey) -> Failure {
    let cause = "a second factor was set up meanwhile, or the user was disabled";
    let restart = journey.ticket.restart(&ctx.app);
    Failure::page(PageError::TooLate, cause).with_restart(restart)
}

/// Goes on with the factor that was set up, and shows the backup codes that came with it.
async fn go_on(
    ctx: &Ctx,
    browser: &Browser,
    journey: Journey,
    (authenticator, codes): (Authenticator, &NewCodes),
) -> Result<Response, Failure> {
    let proved = proved(ctx, asked(&journey)?, authenticator);
    match session::second_factor(ctx, browser, journey, proved).await? {
        Progress::Opened(opened) => {
            let page = CodesPage {
                shell: ctx.shell(),
                codes: codes.texts(),
                few_left: None,
                account: false,
                go_on: &opened.go_on(ctx)?,
            };
            let mut response = html(CodesPage::CSP, &page);
            opened.write(ctx, &mut response);
            Ok(response)
        }
        Progress::Answer(response) => Ok(response),
    }
}

fn unprocessable(mut response: Response) -> Result<Response, Failure> {
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// The page that sets up an authenticator app or a passkey.
pub(super) fn show(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    enrolment: Option<Enrolment>,
    problem: Option<FactorProblem>,
) -> Result<Response, Failure> {
    let user = asked(journey)?;
    let enrolment = enrolment.unwrap_or_else(|| Enrolment::draw(ctx));
    let sealed = enrolment.seal(ctx, (&journey.ticket.id, user));
    let restart = restart(ctx, journey);
    let made = For {
        user,
        form: &journey.ticket.id,
    };
    let csrf = csrf(ctx, browser, journey);
    let page = EnrolPage {
        shell: ctx.shell(),
        ticket: &journey.ticket.seal(&ctx.app)?,
        passkey: registration::form(ctx, &made, &csrf, &[])?,
        csrf: &csrf,
        user: UserLine::of(user),
        enrolment: &sealed,
        key: enrolment.grouped_key(),
        qr: enrolment.qr(ctx, user),
        may_skip: journey
            .demand
            .as_ref()
            .is_ok_and(|demand| demand.may_skip() || demand.may_decline()),
        problem,
        restart: restart.as_deref(),
    };
    Ok(html(EnrolPage::CSP, &page))
}
