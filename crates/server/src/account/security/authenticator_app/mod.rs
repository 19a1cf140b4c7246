//! `GET` and `POST /account/security/authenticator_app`: sets one up.

pub(crate) mod page;

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::journey::{Authenticator, step_up};
use cardea_web::inbound::UnreadForm;

use self::page::AuthenticatorAppPage;
use super::factors::{Factors, show_codes};
use crate::{
    account::frame::{Posted, SignedIn, Visit, posted, require_recent_sign_in, visit},
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_PAGE_BYTES},
    journey::{
        goal::{AccountSection, Goal},
        session,
        ticket::Ticket,
    },
    pages::{self, html},
    second_factor::{
        enrol::{self, Enrolment, NewCodes, Proof},
        page::FactorProblem,
    },
};

const SECTION: AccountSection = AccountSection::Security;

/// `GET /account/security/authenticator_app`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, SECTION).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => match not_now(&ctx, &user).await? {
                Some(elsewhere) => Ok(elsewhere),
                None => show(&ctx, &user, None, None),
            },
        }
    };
    error::page(&ctx, result.await)
}

/// `POST /account/security/authenticator_app`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        match posted(&ctx, SECTION, form, MAX_PAGE_BYTES).await? {
            Posted::ToLogin(login) => Ok(login),
            Posted::SignedIn(user, form) => set_up(&ctx, &user, &form).await,
        }
    };
    error::page(&ctx, result.await)
}

/// Where to go instead: an app is there already, or the sign-in is not recent.
async fn not_now(ctx: &Ctx, signed_in: &SignedIn) -> Result<Option<Response>, Failure> {
    let Some(factors) = Factors::of(ctx, signed_in).await? else {
        return Err(Failure::page(PageError::NotFound, "second factors are off"));
    };
    if factors.view.totp.is_some() {
        let back = ctx.app.settings.issuer.endpoint(SECTION.path());
        return Ok(Some(Redirect::to(&back).into_response()));
    }
    require_recent_sign_in(ctx, signed_in, SECTION).await
}

async fn set_up(ctx: &Ctx, signed_in: &SignedIn, form: &Form) -> Result<Response, Failure> {
    if let Some(elsewhere) = not_now(ctx, signed_in).await? {
        return Ok(elsewhere);
    }
    let (user, now) = (&signed_in.user, ctx.caller.now);
    let bound_to = (signed_in.session.sid.as_str(), user);
    let sealed = form.one("enrolment").unwrap_or_default();
    let Some(enrolment) = Enrolment::open(ctx, bound_to, sealed) else {
        let problem = Some(FactorProblem::EnrolmentTooOld);
        return show(ctx, signed_in, None, problem).map(pages::refused);
    };
    let typed = form.one("code").unwrap_or_default();
    let Some(step) = enrolment.secret.step_of(typed, now) else {
        let problem = Some(FactorProblem::of_code(typed));
        return show(ctx, signed_in, Some(enrolment), problem).map(pages::refused);
    };
    let codes = NewCodes::draw(ctx);
    let proof = Proof {
        enrolment: &enrolment,
        step,
        first: false,
    };
    if !enrol::confirm(ctx, &proof, user, &codes).await? {
        let cause = "an authenticator app was set up meanwhile, or the user was disabled";
        return Err(Failure::page(PageError::TooLate, cause));
    }
    let mut response = show_codes(ctx, &codes);
    // The code has proved the second factor in this session too.
    if let Some(stepped_up) = step_up(&signed_in.session, Authenticator::Totp, now) {
        let goal = Goal::Account { return_to: SECTION };
        let ticket = Ticket::new(&ctx.app, &signed_in.browser, goal, now);
        let opened = session::step_up(ctx, ticket, &stepped_up).await?;
        opened.write(ctx, &mut response);
    }
    Ok(response)
}

fn show(
    ctx: &Ctx,
    signed_in: &SignedIn,
    enrolment: Option<Enrolment>,
    problem: Option<FactorProblem>,
) -> Result<Response, Failure> {
    let user = &signed_in.user;
    let enrolment = enrolment.unwrap_or_else(|| Enrolment::draw(ctx));
    let sealed = enrolment.seal(ctx, (signed_in.session.sid.as_str(), user));
    let page = AuthenticatorAppPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, SECTION),
        enrolment: &sealed,
        key: enrolment.grouped_key(),
        qr: enrolment.qr(ctx, user),
        problem,
    };
    Ok(signed_in.answer(ctx, html(AuthenticatorAppPage::CSP, &page)))
}
