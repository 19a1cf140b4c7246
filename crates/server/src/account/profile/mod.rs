//! `GET /account/profile`: who I am.

pub(crate) mod email;
pub(crate) mod organizations;
pub(crate) mod page;

use axum::response::Response;

use self::{
    organizations::Organizations,
    page::{Email, ProfilePage},
};
use super::frame::{SignedIn, Visit, visit};
use crate::{
    ctx::Ctx,
    error::{self, Failure},
    journey::goal::AccountSection,
    pages::html,
};

/// `GET /account/profile`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        let answer: Result<_, Failure> = match visit(&ctx, AccountSection::Profile).await? {
            Visit::ToLogin(login) => Ok(login),
            Visit::SignedIn(user) => show(&ctx, &user).await,
        };
        answer
    };
    error::page(&ctx, result.await)
}

async fn show(ctx: &Ctx, signed_in: &SignedIn) -> Result<Response, Failure> {
    let user = &signed_in.user;
    let page = ProfilePage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Profile),
        email: user.email.as_deref().map(|address| Email {
            address,
            verified: user.email_verified,
        }),
        organizations: Organizations::of(ctx, &user.subject).await?,
    };
    Ok(signed_in.answer(ctx, html(ProfilePage::CSP, &page)))
}
