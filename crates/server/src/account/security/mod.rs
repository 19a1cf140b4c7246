//! `GET /account/security`: what I sign in with.

pub(crate) mod page;

use axum::response::Response;

use self::page::SecurityPage;
use super::frame::{SignedIn, Visit, visit};
use crate::{
    ctx::Ctx,
    error::{self, Failure},
    journey::goal::AccountSection,
    pages::html,
};

/// `GET /account/security`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        match visit(&ctx, AccountSection::Security).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => show(&ctx, &user).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn show(ctx: &Ctx, signed_in: &SignedIn) -> Result<Response, Failure> {
    let store = &ctx.app.store;
    let page = SecurityPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Security),
        has_password: store.has_password(&signed_in.user.subject).await?,
    };
    Ok(signed_in.answer(ctx, html(SecurityPage::CSP, &page)))
}
