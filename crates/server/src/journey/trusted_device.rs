//! A browser that the user trusts: its cookie stands for a second factor, where only the policy asks for one.

use axum::response::Response;
use cardea_protocol::model::{Actor, Subject, TRUST_TTL};
use cardea_seal::RandomToken;
use cardea_store::TrustDevice;
use cardea_web::inbound::cookies;
use http::header::SET_COOKIE;

use crate::{ctx::Ctx, error::Failure};

const PURPOSE: &str = "trusted";
const MAX_AGE: std::time::Duration =
    std::time::Duration::from_secs(TRUST_TTL.as_secs().unsigned_abs());

fn token(ctx: &Ctx) -> Option<RandomToken> {
    let cookie = cookies::read(&ctx.caller.headers, &ctx.app.cookies.name(PURPOSE))?;
    RandomToken::parse(cookie)
}

/// Whether this user trusts the browser.
pub(super) async fn is_trusted(ctx: &Ctx, subject: &Subject) -> Result<bool, Failure> {
    let Some(token) = token(ctx) else {
        return Ok(false);
    };
    let trusted = ctx
        .app
        .store
        .is_trusted(subject, token.hash(), ctx.caller.now);
    Ok(trusted.await?)
}

/// Writes that a login did without a second factor because of the cookie.
pub(super) async fn used(ctx: &Ctx, subject: &Subject) -> Result<(), Failure> {
    if let Some(token) = token(ctx) {
        let store = &ctx.app.store;
        store
            .touch_trusted_device(subject.clone(), token.hash(), ctx.caller.now)
            .await?;
    }
    Ok(())
}

/// Trusts the browser from now on. Its record before, if there is one, is replaced.
pub(crate) async fn trust(
    ctx: &Ctx,
    subject: &Subject,
    response: &mut Response,
) -> Result<(), Failure> {
    let new = ctx.app.entropy.token();
    let now = ctx.caller.now;
    let command = TrustDevice {
        subject: subject.clone(),
        token: new.hash(),
        replaces: token(ctx).map(|t| t.hash()),
        label: ctx.caller.user_agent().unwrap_or_default(),
        expires_at: now.saturating_add(TRUST_TTL).unwrap_or(now),
        cause: ctx.caller.cause(Actor::Person(subject.clone())),
    };
    if ctx.app.store.trust_device(command).await? {
        let token = new.to_text();
        let cookie = ctx.app.cookies.set(PURPOSE, token.expose());
        if let Some(header) = cookie.max_age(MAX_AGE).header() {
            response.headers_mut().append(SET_COOKIE, header);
        }
    }
    Ok(())
}
