//! `GET` and `POST /choose_organization`: in which of the user's organizations does the user act? (D27)

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{
    journey::NextStep,
    model::{Actor, OrganizationId},
};
use cardea_store::JoinByDomain;
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};

use self::page::{Choice, ChooseOrganizationPage};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::Form,
    journey::{
        Journey,
        forms::{Posted, csrf_parts, posted, step_form},
        next_step::{proceed, show_or_proceed},
    },
    pages::html,
};

const STEP: &str = "choose_organization";

/// `GET /choose_organization`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async { show_or_proceed(&ctx, &query?, NextStep::ChooseOrganization, show).await };
    error::page(&ctx, result.await)
}

/// `POST /choose_organization`
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
    let joined = form.one("join");
    let chosen = joined.or(form.one("organization")).unwrap_or_default();
    let id = OrganizationId::parse(chosen)
        .map_err(|e| Failure::page(PageError::BrokenLink, e.to_string()))?;
    if let (Some(session), Some(_)) = (&journey.session, joined) {
        let command = JoinByDomain {
            subject: session.subject.clone(),
            organization: id.clone(),
            cause: ctx.caller.cause(Actor::Person(session.subject.clone())),
        };
        // If it is not offered any more, the next step shows what there is.
        ctx.app.store.join_by_domain(command).await?;
    }
    // Whether the user is a member of it decides the next step, here and when the code is made.
    if let Some(session) = &journey.session {
        journey.ticket.steps.choose_organization(session, id);
    }
    proceed(ctx, &browser, journey.ticket).await
}

fn show(ctx: &Ctx, browser: &Browser, journey: &Journey) -> Result<Response, Failure> {
    let (Some(user), Some(asked)) = (journey.user_line(), journey.authorization()) else {
        return Err(Failure::page(PageError::TooLate, "the user was removed"));
    };
    let choices = asked.memberships.iter().map(|membership| Choice {
        id: membership.id.as_str(),
        name: &membership.name,
    });
    let page = ChooseOrganizationPage {
        shell: ctx.shell(),
        ticket: &journey.ticket.seal(&ctx.app)?,
        csrf: &ctx
            .app
            .csrf
            .token(&csrf_parts(browser, &journey.ticket.id, STEP)),
        again: journey.ticket.again.as_deref() == Some(STEP),
        client_name: asked.client.name(),
        user,
        choices: choices.collect(),
        offer: journey.offer.as_ref(),
    };
    Ok(html(ChooseOrganizationPage::CSP, &page))
}
