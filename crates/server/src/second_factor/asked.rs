//! Whom a journey asks for a second factor, and what each of its pages has.

use cardea_protocol::{
    journey::{Authenticator, Proved},
    model::User,
};

use crate::{
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    journey::{Journey, forms::csrf_parts},
};

pub(super) const STEP: &str = "second_factor";

/// Whom the journey asks.
pub(super) fn asked(journey: &Journey) -> Result<&User, Failure> {
    let cause = "there is no user to ask for a second factor";
    let user = journey.concerned();
    user.ok_or_else(|| Failure::page(PageError::TooLate, cause))
}

/// The second factor that a user has proved just now.
pub(super) fn proved(ctx: &Ctx, user: &User, authenticator: Authenticator) -> Proved {
    let now = ctx.caller.now;
    Proved {
        authenticator,
        subject: user.subject.clone(),
        at: now,
        credential_set_at: now,
        upstream: None,
        passkey: None,
    }
}

/// The CSRF token of the forms.
pub(super) fn csrf(ctx: &Ctx, browser: &Browser, journey: &Journey) -> String {
    let parts = csrf_parts(browser, &journey.ticket.id, STEP);
    ctx.app.csrf.token(&parts)
}

/// The link to begin again, as another user.
pub(super) fn restart(ctx: &Ctx, journey: &Journey) -> Option<String> {
    let url = journey.ticket.restart(&ctx.app)?;
    let origin = ctx.app.settings.issuer.origin();
    Some(url.strip_prefix(origin).unwrap_or(&url).to_owned())
}
