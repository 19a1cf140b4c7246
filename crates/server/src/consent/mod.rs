//! `GET` and `POST /consent`: may this client have what it asks for?

pub(crate) mod page;
pub(crate) mod words;

use axum::response::Response;
use cardea_protocol::{
    ErrorCode, OAuthError,
    journey::{NextStep, Steps},
    redirect_uri::ApplicationType,
    resources::Resource,
    roles::Chosen,
};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};
use url::Url;

use self::{
    page::{AskingApp, ConsentPage},
    words::{AskedScope, asked},
};
use crate::{
    browser::Browser,
    client_logo,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::Form,
    journey::{
        Journey, finish,
        forms::{Posted, csrf_parts, posted, step_form},
        next_step::{proceed, show_or_proceed, to_page},
    },
    pages::html,
};

const STEP: &str = "consent";

/// `GET /consent`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async { show_or_proceed(&ctx, &query?, NextStep::Consent, show).await };
    error::page(&ctx, result.await)
}

/// `POST /consent`
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
    match form.one("decision") {
        Some("allow") => {
            // The form was bound to this session. If it has ended in the meantime, no consent is given.
            if let Some(session) = &journey.session {
                journey.ticket.steps.consent(session);
            }
            proceed(ctx, &browser, journey.ticket).await
        }
        // RFC 6749 §4.1.2.1
        Some("deny") => {
            let denied = OAuthError::new(ErrorCode::AccessDenied, "the user did not allow it");
            finish::refuse(ctx, &journey, denied)
        }
        Some("switch") => {
            journey.ticket.steps = Steps::must_log_in();
            to_page(&ctx.app, NextStep::Login, &journey.ticket)
        }
        _ => Err(Failure::page(
            PageError::BrokenLink,
            "consent without a decision",
        )),
    }
}

fn show(ctx: &Ctx, browser: &Browser, journey: &Journey) -> Result<Response, Failure> {
    let (Some(user), Some(authorization)) = (journey.user_line(), journey.authorization()) else {
        return Err(Failure::page(
            PageError::TooLate,
            "there is no user or no client to ask for",
        ));
    };
    let (request, client) = (authorization.request, authorization.client);
    let url = Url::parse(&request.return_path.redirect_uri).ok();
    let metadata = client.metadata();
    let logo = client_logo::path(client);
    let native = metadata.application_type == ApplicationType::Native;
    let on_web = url
        .as_ref()
        .filter(|u| !native && matches!(u.scheme(), "https" | "http"));
    let host = on_web.and_then(|u| {
        u.host_str()
            .map(|h| u.port().map_or(h.to_owned(), |p| format!("{h}:{p}")))
    });
    let scope = request.access.consent_scope();
    let resources = &ctx.app.settings.resources;
    let scopes = scope.iter().map(|name| {
        let texts = resources.catalog().find(name);
        AskedScope {
            name,
            api: resources.owner_of(name).map(Resource::name),
            title: texts.and_then(|t| t.title.as_deref()),
            description: texts.and_then(|t| t.description.as_deref()),
        }
    });
    let organization = match &journey.session {
        Some(session) => authorization.organization(&journey.ticket.steps, session)?,
        None => Chosen::None,
    };
    let page = ConsentPage {
        shell: ctx.shell(),
        ticket: &journey.ticket.seal(&ctx.app)?,
        csrf: &ctx
            .app
            .csrf
            .token(&csrf_parts(browser, &journey.ticket.id, STEP)),
        again: journey.ticket.again.as_deref() == Some(STEP),
        user,
        organization: match organization {
            Chosen::One(one) => Some(one.name.as_str()),
            Chosen::None | Chosen::Ask => None,
        },
        app: AskingApp {
            name: client.name(),
            logo: logo.as_deref(),
            policy_uri: metadata.policy_uri.as_deref(),
            tos_uri: metadata.tos_uri.as_deref(),
            host: host.as_deref(),
            native,
        },
        asked: asked(ctx.lang(), scopes),
    };
    Ok(html(ConsentPage::CSP, &page))
}
