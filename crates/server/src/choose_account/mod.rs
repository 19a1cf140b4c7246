//! `GET` and `POST /choose_account`: continue as this user, or as another.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::journey::{NextStep, Steps};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};

use self::page::ChooseAccountPage;
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::Form,
    journey::{
        Journey,
        forms::{Posted, csrf_parts, posted, step_form},
        next_step::{proceed, show_or_proceed, to_page},
    },
    pages::html,
};

const STEP: &str = "choose_account";

/// `GET /choose_account`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async { show_or_proceed(&ctx, &query?, NextStep::ChooseAccount, show).await };
    error::page(&ctx, result.await)
}

/// `POST /choose_account`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async { choose(&ctx, &step_form(&ctx, form).await?).await };
    error::page(&ctx, result.await)
}

async fn choose(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let mut journey = match posted(ctx, &browser, STEP, form).await? {
        Posted::Restarted(response) => return Ok(response),
        Posted::Step(journey) => *journey,
    };
    match form.one("decision") {
        Some("continue") => {
            if let Some(session) = &journey.session {
                journey.ticket.steps.choose(session);
            }
            proceed(ctx, &browser, journey.ticket).await
        }
        Some("other") => {
            journey.ticket.steps = Steps::must_log_in();
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
    let asked = journey.authorization();
    let page = ChooseAccountPage {
        shell: ctx.shell(),
        ticket: &journey.ticket.seal(&ctx.app)?,
        csrf: &ctx
            .app
            .csrf
            .token(&csrf_parts(browser, &journey.ticket.id, STEP)),
        again: journey.ticket.again.is_some(),
        client_name: asked.map(|a| a.client.name()),
        user,
        wanted: asked
            .filter(|a| a.hinted_elsewhere)
            .and_then(|a| a.request.access.login_hint.as_deref()),
    };
    Ok(html(ChooseAccountPage::CSP, &page))
}
