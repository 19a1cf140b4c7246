//! A browser that has once logged a person in: it is not locked out by what strangers do to that person's account.
//!
//! Waits after failed logins keep guessers away, but whoever knows a name could keep its owner away too. A browser with this
//! cookie is counted by itself instead, and by its own attempts alone.

use cardea_protocol::model::Subject;
use cardea_web::inbound::cookies;
use http::{HeaderMap, header::SET_COOKIE};

use crate::{app::App, ctx::Ctx};

const PURPOSE: &str = "device";
const MAX_AGE: std::time::Duration = std::time::Duration::from_secs(180 * 86_400);

/// Sets the cookie after a login: a random name, and a MAC that binds it to the person.
pub(crate) fn remember(app: &App, headers: &mut HeaderMap, subject: &Subject) {
    let name = app.entropy.text(16);
    let tag = app
        .device_mac
        .tag(&[name.as_bytes(), subject.as_str().as_bytes()]);
    let value = format!("{name}.{}", tag.to_text());
    if let Some(header) = app.cookies.set(PURPOSE, &value).max_age(MAX_AGE).header() {
        headers.append(SET_COOKIE, header);
    }
}

/// The random name of the browser, if it has logged this person in before.
pub(crate) fn of<'a>(ctx: &'a Ctx, subject: &Subject) -> Option<&'a str> {
    let (name, tag) =
        cookies::read(&ctx.caller.headers, &ctx.app.cookies.name(PURPOSE))?.split_once('.')?;
    let tag = cardea_seal::Digest::from_text(tag).ok()?;
    let parts: [&[u8]; 2] = [name.as_bytes(), subject.as_str().as_bytes()];
    ctx.app
        .device_mac
        .verify(&parts, tag.as_bytes())
        .then_some(name)
}
