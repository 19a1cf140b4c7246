//! `GET` and `POST /link_account`: a user who has signed in links the identity of another provider that was brought before.

use axum::response::Response;
use cardea_protocol::{
    federation::LinkKey,
    journey::{NextStep, sign_in_again},
};
use cardea_store::UpstreamLink;
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};

use super::{arrival::add_link, begin::find, link_page::LinkAccountPage, page::FederationPage};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::Form,
    journey::{
        Journey, demand,
        forms::{Posted, csrf_parts, posted, step_form},
        next_step::{proceed, show_or_proceed, to_page},
    },
    pages::html,
};

const STEP: &str = "link_account";

/// `GET /link_account`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async { show_or_proceed(&ctx, &query?, NextStep::LinkAccount, show).await };
    error::page(&ctx, result.await)
}

/// `POST /link_account`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async { decide(&ctx, &step_form(&ctx, form).await?).await };
    error::page(&ctx, result.await)
}

async fn decide(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let mut journey = match posted(ctx, &browser, STEP, form).await? {
        Posted::Restarted(response) => return Ok(response),
        Posted::Step(journey) => *journey,
    };
    // Only this step links: the rule says whose session it takes.
    let is_next = journey.next().ok() == Some(NextStep::LinkAccount);
    let (Some(session), Some(offer)) = (&journey.session, journey.ticket.link_offer.clone()) else {
        return proceed(ctx, &browser, journey.ticket).await;
    };
    match form.one("decision") {
        Some("link") if is_next => {
            // As for all sensitive changes: recent, and with the second factor of a user who has one.
            let enrolled = demand::enrolled(ctx, &session.subject).await?;
            if let Some((steps, step)) = sign_in_again(session, enrolled, ctx.caller.now) {
                journey.ticket.steps = match step {
                    NextStep::SecondFactor => journey.ticket.steps.must_step_up(),
                    _ => steps,
                };
                return to_page(&ctx.app, step, &journey.ticket);
            }
            let upstream = find(ctx, offer.upstream.as_str())?;
            let link = UpstreamLink {
                key: LinkKey::of(&offer.upstream, &offer.issuer, &offer.subject),
                upstream: offer.upstream,
                issuer: offer.issuer,
                subject: offer.subject,
                label: offer.label,
            };
            if let Err(problem) = add_link(ctx, offer.owner, link).await? {
                let again = journey.ticket.restart(&ctx.app);
                return Ok(FederationPage::show(ctx, problem, upstream, again));
            }
            journey.ticket.link_offer = None;
        }
        Some("skip") => journey.ticket.link_offer = None,
        Some("link") => {}
        _ => {
            let cause = "a link without a decision";
            return Err(Failure::page(PageError::BrokenLink, cause));
        }
    }
    proceed(ctx, &browser, journey.ticket).await
}

fn show(ctx: &Ctx, browser: &Browser, journey: &Journey) -> Result<Response, Failure> {
    let (Some(user), Some(offer)) = (journey.user_line(), &journey.ticket.link_offer) else {
        return Err(Failure::page(
            PageError::TooLate,
            "there is nothing to link",
        ));
    };
    let page = LinkAccountPage {
        shell: ctx.shell(),
        ticket: &journey.ticket.seal(&ctx.app)?,
        csrf: &ctx
            .app
            .csrf
            .token(&csrf_parts(browser, &journey.ticket.id, STEP)),
        upstream: &find(ctx, offer.upstream.as_str())?.name,
        label: offer.label.as_deref().unwrap_or(&offer.subject),
        user,
    };
    Ok(html(LinkAccountPage::CSP, &page))
}
