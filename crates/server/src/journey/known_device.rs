//! A browser that logged a user in before: failed logins elsewhere do not lock it out.
//!
//! Waits after failed logins keep guessers away, but everyone who knows a name could keep its owner away too. A browser with
//! this cookie is counted by itself instead, and only by its own attempts. If the user proved the second factor in it, the same goes for
//! wrong codes.

use cardea_protocol::model::{Subject, User};
use cardea_web::inbound::cookies;
use http::{HeaderMap, header::SET_COOKIE};
use jiff::Timestamp;

use crate::ctx::Ctx;

const PURPOSE: &str = "device";
const MAX_AGE: std::time::Duration = std::time::Duration::from_secs(180 * 86_400);

/// What was proved in the browser, last by this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProvedThere {
    /// Not the second factor.
    FirstFactor,
    /// The second factor too, at that login or, in a browser that the user trusts, before.
    SecondFactor,
}

/// Sets the cookie after a login: a random name, the time, and a MAC that binds both to the user and to what was proved.
pub(crate) fn remember(ctx: &Ctx, headers: &mut HeaderMap, subject: &Subject, proved: ProvedThere) {
    let (app, since) = (&ctx.app, ctx.caller.now.as_millisecond().to_string());
    let name = app.entropy.text(16);
    let device = Device {
        name: &name,
        since: &since,
    };
    let tag = app.device_mac.tag(&device.parts(subject, proved));
    let value = format!("{name}.{since}.{}", tag.to_text());
    if let Some(header) = app.cookies.set(PURPOSE, &value).max_age(MAX_AGE).header() {
        headers.append(SET_COOKIE, header);
    }
}

/// The random name of the browser, if it logged this user in before, and after the user's devices were last forgotten.
pub(crate) fn of<'a>(ctx: &'a Ctx, user: &User) -> Option<&'a str> {
    let (device, _) = find(ctx, user)?;
    Some(device.name)
}

/// Whether the browser is known, and the user has proved the second factor in it.
pub(crate) fn has_proved_factor(ctx: &Ctx, user: &User) -> bool {
    find(ctx, user).is_some_and(|(_, proved)| proved == ProvedThere::SecondFactor)
}

/// What the cookie says.
struct Device<'a> {
    name: &'a str,
    since: &'a str,
}

impl<'a> Device<'a> {
    fn parts(&self, subject: &'a Subject, proved: ProvedThere) -> Vec<&'a [u8]> {
        let mut parts = vec![
            self.name.as_bytes(),
            self.since.as_bytes(),
            subject.as_str().as_bytes(),
        ];
        if proved == ProvedThere::SecondFactor {
            parts.push(b"second factor");
        }
        parts
    }
}

fn find<'a>(ctx: &'a Ctx, user: &User) -> Option<(Device<'a>, ProvedThere)> {
    let cookie = cookies::read(&ctx.caller.headers, &ctx.app.cookies.name(PURPOSE))?;
    let mut fields = cookie.splitn(3, '.');
    let (name, since, tag) = (fields.next()?, fields.next()?, fields.next()?);
    let device = Device { name, since };
    let tag = cardea_seal::Digest::from_text(tag).ok()?;
    let proved = [ProvedThere::FirstFactor, ProvedThere::SecondFactor];
    let proved = proved.into_iter().find(|proved| {
        let parts = device.parts(&user.subject, *proved);
        ctx.app.device_mac.verify(&parts, tag.as_bytes())
    })?;
    let at = Timestamp::from_millisecond(since.parse().ok()?).ok()?;
    let counts = user.devices_since.is_none_or(|from| at >= from);
    counts.then_some((device, proved))
}
