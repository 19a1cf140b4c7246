//! A browser that the user trusts: its cookie stands for a second factor, where only the policy asks for one.

use axum::response::Response;
use cardea_protocol::model::{Actor, Subject, TRUST_TTL, TrustedDevice};
use cardea_seal::RandomToken;
use cardea_store::{ForgetDevice, TrustDevice};
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

/// Whether this user trusts the browser, and it is not elsewhere.
pub(super) async fn is_trusted(ctx: &Ctx, subject: &Subject) -> Result<bool, Failure> {
    let device = record(ctx, subject).await?;
    Ok(device.is_some_and(|device| device.holds(&ctx.caller.seen())))
}

/// Ends the trust in a browser that came from another network with another user agent: its cookie was perhaps copied. Whoever proves the
/// second factor may trust it again. Audited as `device_forgotten`.
pub(super) async fn forget_elsewhere(ctx: &Ctx, subject: &Subject) -> Result<(), Failure> {
    let device = record(ctx, subject).await?;
    let Some(device) = device.filter(|device| !device.holds(&ctx.caller.seen())) else {
        return Ok(());
    };
    let (request_id, subject) = (&ctx.caller.request_id, subject.clone());
    tracing::info!(%request_id, subject = subject.as_str(), "a trusted device came from elsewhere, and is forgotten");
    let command = ForgetDevice {
        cause: ctx.caller.cause(Actor::Person(subject.clone())),
        subject,
        id: Some(device.id),
    };
    ctx.app.store.forget_device(command).await?;
    Ok(())
}

async fn record(ctx: &Ctx, subject: &Subject) -> Result<Option<TrustedDevice>, Failure> {
    let Some(token) = token(ctx) else {
        return Ok(None);
    };
    let store = &ctx.app.store;
    let found = store.trusted_device(subject, token.hash(), ctx.caller.now);
    Ok(found.await?)
}

/// Writes that a login did without a second factor because of the cookie.
pub(super) async fn used(ctx: &Ctx, subject: &Subject) -> Result<(), Failure> {
    if let Some(token) = token(ctx) {
        let store = &ctx.app.store;
        store
            .touch_trusted_device(
                subject.clone(),
                token.hash(),
                ctx.caller.seen(),
                ctx.caller.now,
            )
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
        address: ctx.caller.seen().address,
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
