//! A browser that logged a user in before: failed logins elsewhere do not lock it out.
//!
//! Waits after failed logins keep guessers away, but everyone who knows a name could keep its owner away too. A browser with
//! this cookie is counted by itself instead, and only by its own attempts.

use cardea_protocol::model::{Subject, User};
use cardea_web::inbound::cookies;
use http::{HeaderMap, header::SET_COOKIE};
use jiff::Timestamp;

use crate::ctx::Ctx;

const PURPOSE: &str = "device";
const MAX_AGE: std::time::Duration = std::time::Duration::from_secs(180 * 86_400);

/// Sets the cookie after a login: a random name, the time, and a MAC that binds both to the user.
pub(crate) fn remember(ctx: &Ctx, headers: &mut HeaderMap, subject: &Subject) {
    let (app, since) = (&ctx.app, ctx.caller.now.as_millisecond());
    let name = app.entropy.text(16);
    let tag = app
        .device_mac
        .tag(&parts(&name, &since.to_string(), subject));
    let value = format!("{name}.{since}.{}", tag.to_text());
    if let Some(header) = app.cookies.set(PURPOSE, &value).max_age(MAX_AGE).header() {
        headers.append(SET_COOKIE, header);
    }
}

/// The random name of the browser, if it logged this user in before, and after the user's devices were last forgotten.
pub(crate) fn of<'a>(ctx: &'a Ctx, user: &User) -> Option<&'a str> {
    let cookie = cookies::read(&ctx.caller.headers, &ctx.app.cookies.name(PURPOSE))?;
    let mut fields = cookie.splitn(3, '.');
    let (name, since, tag) = (fields.next()?, fields.next()?, fields.next()?);
    let tag = cardea_seal::Digest::from_text(tag).ok()?;
    let mac = &ctx.app.device_mac;
    if !mac.verify(&parts(name, since, &user.subject), tag.as_bytes()) {
        return None;
    }
    let since = Timestamp::from_millisecond(since.parse().ok()?).ok()?;
    let counts = user.devices_since.is_none_or(|from| since >= from);
    counts.then_some(name)
}

fn parts<'a>(name: &'a str, since: &'a str, subject: &'a Subject) -> [&'a [u8]; 3] {
    [
        name.as_bytes(),
        since.as_bytes(),
        subject.as_str().as_bytes(),
    ]
}
