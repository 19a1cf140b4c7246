//! `GET` and `POST /account/security/links`: the accounts at other providers that I sign in with.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{federation::LinkKey, model::Actor};
use cardea_store::{LinkView, RemoveLink, Unlinked};
use cardea_web::inbound::UnreadForm;
use http::StatusCode;

use self::page::{LinkLine, LinksPage, ProviderLine};
use crate::{
    account::frame::{Done, Posted, SignedIn, Visit, posted, require_recent_sign_in, visit},
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    federation::begin,
    form::{Form, MAX_PAGE_BYTES},
    journey::goal::AccountSection,
    notice::{self, Way},
    pages::html,
};

const SECTION: AccountSection = AccountSection::Security;

/// `GET /account/security/links`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, SECTION).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => show(&ctx, &user, false).await,
        }
    };
    error::page(&ctx, result.await)
}

/// `POST /account/security/links`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        match posted(&ctx, SECTION, form, MAX_PAGE_BYTES).await? {
            Posted::ToLogin(login) => Ok(login),
            Posted::SignedIn(user, form) => act(&ctx, &user, &form).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn act(ctx: &Ctx, signed_in: &SignedIn, form: &Form) -> Result<Response, Failure> {
    if let Some(again) = require_recent_sign_in(ctx, signed_in, SECTION).await? {
        return Ok(again);
    }
    match (form.one("upstream"), form.one("link")) {
        (Some(id), None) => begin::link(ctx, &signed_in.browser, &signed_in.user, id).await,
        (None, Some(key)) => unlink(ctx, signed_in, key).await,
        _ => Err(Failure::page(
            PageError::BrokenLink,
            "neither link nor upstream",
        )),
    }
}

async fn unlink(ctx: &Ctx, signed_in: &SignedIn, key: &str) -> Result<Response, Failure> {
    let subject = signed_in.user.subject.clone();
    let key = LinkKey::stored(key.to_owned());
    let links = ctx.app.store.links_of(&subject).await?;
    let link = links.iter().find(|view| view.link.key == key);
    let notice = link.and_then(|view| {
        let way = Way::Account(line(ctx, view).provider);
        notice::removed(ctx, &signed_in.user, way)
    });
    let command = RemoveLink {
        key,
        keep: Some(signed_in.session.id),
        notice,
        cause: ctx.caller.cause(Actor::Person(subject.clone())),
        subject,
    };
    match ctx.app.store.remove_link(command).await? {
        Unlinked::Now | Unlinked::Missing => {
            ctx.app.backchannel_logout.wake();
            ctx.app.mail.wake();
            Ok(begin::back_to_links(ctx, Done::AccountUnlinked.as_str()))
        }
        Unlinked::LastWayIn => {
            let mut page = show(ctx, signed_in, true).await?;
            *page.status_mut() = StatusCode::CONFLICT;
            Ok(page)
        }
    }
}

async fn show(ctx: &Ctx, signed_in: &SignedIn, last: bool) -> Result<Response, Failure> {
    let links = ctx.app.store.links_of(&signed_in.user.subject).await?;
    let page = LinksPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, SECTION),
        links: links.iter().map(|link| line(ctx, link)).collect(),
        providers: ctx
            .app
            .upstreams
            .iter()
            .map(|upstream| ProviderLine {
                id: upstream.id.as_str(),
                name: &upstream.name,
            })
            .collect(),
        last,
    };
    Ok(signed_in.answer(ctx, html(LinksPage::CSP, &page)))
}

fn line<'a>(ctx: &'a Ctx, view: &'a LinkView) -> LinkLine<'a> {
    let id = view.link.upstream.as_str();
    // One that is no longer configured is shown by its id.
    let upstream = ctx.app.upstreams.find(id);
    LinkLine {
        key: view.link.key.as_str(),
        provider: upstream.map_or(id, |one| &one.name),
        label: view.link.label.as_deref().unwrap_or(&view.link.subject),
    }
}
