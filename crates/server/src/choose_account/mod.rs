//! `GET` and `POST /choose_account`: go on as this person, or as another.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::journey::NextStep;
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};

use self::page::ChooseAccountPage;
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_STEP_BYTES, read_limited},
    journey::{
        Journey,
        forms::{Posted, csrf_parts, posted},
        next_step::{go_on, show_or_go_on, to_page},
    },
    pages::html,
};

const STEP: &str = "choose_account";

/// `GET /choose_account`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async { show_or_go_on(&ctx, &query?, NextStep::ChooseAccount, show).await };
    error::page(&ctx, result.await)
}

/// `POST /choose_account`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.authorize;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_STEP_BYTES).await?;
        choose(&ctx, &Form::of(pairs)?).await
    };
    error::page(&ctx, result.await)
}

async fn choose(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let mut journey = match posted(ctx, &browser, STEP, form).await? {
        Posted::Elsewhere(response) => return Ok(response),
        Posted::Step(journey) => *journey,
    };
    match form.one("decision") {
        Some("continue") => {
            journey.ticket.steps.chosen = journey.session.as_ref().map(|s| s.sid.clone());
            go_on(ctx, &browser, journey.ticket).await
        }
        Some("other") => {
            journey.ticket.switching = true;
            journey.ticket.steps = Default::default();
            to_page(&ctx.app, NextStep::Login, &journey.ticket)
        }
        _ => Err(Failure::page(
            PageError::BrokenLink,
            "a choice without a decision",
        )),
    }
}

fn show(ctx: &Ctx, browser: &Browser, journey: &Journey) -> Result<Response, Failure> {
    let Some(user) = journey.user_line() else {
        return Err(Failure::page(PageError::TooLate, "the user was removed"));
    };
    let page = ChooseAccountPage {
        shell: ctx.shell(),
        ticket: &journey.ticket.seal(&ctx.app)?,
        csrf: &ctx
            .app
            .csrf
            .token(&csrf_parts(browser, &journey.ticket.id, STEP)),
        client_name: journey.client.name(),
        user,
        wanted: journey
            .ticket
            .request
            .access
            .login_hint
            .as_deref()
            .filter(|_| journey.hinted_elsewhere()),
    };
    Ok(html(ChooseAccountPage::CSP, &page))
}
