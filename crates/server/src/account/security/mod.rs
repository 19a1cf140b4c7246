//! `GET /account/security`: what I sign in with.

pub(crate) mod authenticator_app;
pub(crate) mod factors;
pub(crate) mod links;
pub(crate) mod page;
pub(crate) mod passkeys;
pub(crate) mod password;

use axum::response::Response;

use self::{
    factors::Factors,
    page::{DeviceLine, FactorLines, SecurityPage},
};
use super::frame::{SignedIn, Visit, visit};
use crate::{
    ctx::Ctx,
    error::{self, Failure},
    journey::goal::AccountSection,
    pages::{When, html},
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
    let view = store.factors(&signed_in.user.subject).await?;
    let factors = Factors::of(ctx, signed_in).await?;
    let now = ctx.caller.now;
    let lines = factors.as_ref().map(|factors| FactorLines {
        app_since: factors.view.totp.map(|app| When::new(app.created_at, now)),
        backup_codes: factors.view.backup_codes,
        devices: factors
            .devices
            .iter()
            .map(|device| DeviceLine {
                id: device.id,
                user_agent: &device.label,
                last_used: When::new(device.last_used_at, now),
            })
            .collect(),
    });
    let page = SecurityPage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, AccountSection::Security),
        has_password: store.has_password(&signed_in.user.subject).await?,
        factors: lines,
        passkeys: view.passkeys.len() as u64,
        has_upstreams: ctx.app.upstreams.iter().next().is_some(),
    };
    Ok(signed_in.answer(ctx, html(SecurityPage::CSP, &page)))
}
