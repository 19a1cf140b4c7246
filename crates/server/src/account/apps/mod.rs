//! `GET /account/apps`: which applications act for me.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::model::{Client, Consent};
use cardea_store::{GrantView, Page};

use self::page::{ApplicationLine, AppsPage};
use super::{
    MAX_SHOWN,
    frame::{SignedIn, Visit, visit},
};
use crate::{
    client_logo,
    consent::words::words,
    ctx::Ctx,
    error::{self, Failure},
    journey::goal::AccountSection,
    pages::{When, html},
};

/// `GET /account/apps`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, AccountSection::Apps).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => show(&ctx, &user).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn show(ctx: &Ctx, signed_in: &SignedIn) -> Result<Response, Failure> {
    let (subject, now) = (&signed_in.user.subject, ctx.caller.now);
    let store = &ctx.app.store;
    let grants = store.grants_of(subject, Page::first(MAX_SHOWN), now);
    let grants = grants.await?.items;
    let consents = store.consents_of(subject).await?;
    let mut clients = Vec::new();
    for consent in &consents {
        clients.push(ctx.app.clients.find(consent.client_id.as_str()).await?);
    }
    let applications = consents.iter().zip(&clients);
    let page = AppsPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Apps),
        applications: applications
            .map(|(consent, client)| application_line(ctx, consent, client.as_deref(), &grants))
            .collect(),
    };
    Ok(signed_in.answer(ctx, html(AppsPage::CSP, &page)))
}

fn application_line<'a>(
    ctx: &Ctx,
    consent: &'a Consent,
    client: Option<&'a Client>,
    grants: &[GrantView],
) -> ApplicationLine<'a> {
    let own = || {
        grants
            .iter()
            .filter(|g| g.grant.client_id == consent.client_id)
    };
    let used = |g: &GrantView| {
        g.grant
            .refresh
            .as_ref()
            .map_or(g.grant.created_at, |r| r.rotated_at)
    };
    let late = |g: &GrantView| g.grant.refresh.as_ref().and_then(|r| r.late_retry_at);
    let audience = |scope: &str| {
        ctx.app
            .settings
            .resources
            .owner_of(scope)
            .map(|r| r.audience.to_string())
    };
    ApplicationLine {
        id: consent.client_id.as_str(),
        client_name: client.map_or(consent.client_id.as_str(), Client::name),
        logo: client.and_then(client_logo::path),
        scopes: consent
            .scope
            .iter()
            .map(|scope| words(ctx.lang(), scope, audience(scope).as_deref()))
            .collect(),
        last_used: own()
            .map(used)
            .max()
            .map(|at| When::new(at, ctx.caller.now)),
        late_retries: own()
            .filter_map(late)
            .map(|at| When::new(at, ctx.caller.now))
            .collect(),
    }
}
