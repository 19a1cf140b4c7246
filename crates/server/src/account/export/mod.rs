//! `GET` and `POST /account/export`: I download what is kept about me.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::model::Actor;
use cardea_web::inbound::UnreadForm;
use http::{HeaderValue, header::CONTENT_DISPOSITION};

use self::page::ExportPage;
use super::frame::{Posted, SignedIn, Visit, posted, require_recent_sign_in, visit};
use crate::{
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::MAX_PAGE_BYTES,
    journey::goal::AccountSection,
    pages::html,
    user_data::UserDataBody,
};

const SECTION: AccountSection = AccountSection::Export;
const FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"account-data.json\"");

/// `GET /account/export`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, SECTION).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => show(&ctx, &user).await,
        }
    };
    error::page(&ctx, result.await)
}

/// `POST /account/export`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        match posted(&ctx, SECTION, form, MAX_PAGE_BYTES).await? {
            Posted::ToLogin(login) => Ok(login),
            Posted::SignedIn(user, _) => download(&ctx, &user).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn show(ctx: &Ctx, signed_in: &SignedIn) -> Result<Response, Failure> {
    if let Some(again) = require_recent_sign_in(ctx, signed_in, SECTION).await? {
        return Ok(again);
    }
    let page = ExportPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Profile),
    };
    Ok(signed_in.answer(ctx, html(ExportPage::CSP, &page)))
}

async fn download(ctx: &Ctx, signed_in: &SignedIn) -> Result<Response, Failure> {
    if let Some(again) = require_recent_sign_in(ctx, signed_in, SECTION).await? {
        return Ok(again);
    }
    let user = &signed_in.user;
    let cause = ctx.caller.cause(Actor::Person(user.subject.clone()));
    let recorded = ctx.app.store.record_export(user.subject.clone(), cause);
    if !recorded.await? {
        return Err(Failure::page(PageError::TooLate, "the user was removed"));
    }
    let body = UserDataBody::read(&ctx.app, user, ctx.caller.now).await?;
    let mut response = body.into_response();
    response.headers_mut().insert(CONTENT_DISPOSITION, FILE);
    Ok(response)
}
