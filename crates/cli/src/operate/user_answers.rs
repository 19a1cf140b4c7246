//! What `cardea user` says after a change.

use cardea_server::admin::types::{NewUserLink, User, UserLink, UserLinkPurpose, UserStatus};
use cardea_web::config::Duration;
use http::Method;

use super::{Desk, factors::path};
use crate::output::word;

/// Prints a link for one use.
pub(super) async fn print_link(
    desk: &Desk,
    user: &str,
    purpose: UserLinkPurpose,
    valid: Duration,
) -> anyhow::Result<()> {
    let new = NewUserLink {
        purpose,
        valid_seconds: valid.get().as_secs(),
    };
    let path = format!("{}/links", path(user));
    let link: UserLink = desk.admin.send_json(Method::POST, &path, &new).await?;
    desk.out.answer(&link, |link| link.url.clone())
}

/// Says what was done, and why the user can not log in if that is so.
pub(super) fn said(desk: &Desk, did: &str, user: &User) -> anyhow::Result<()> {
    desk.out.answer(user, |user| {
        let name = &user.username;
        match why_no_login(user) {
            None => format!("{did} {name}."),
            Some(why) => format!("{did} {name}.\n\n{why}"),
        }
    })
}

/// Why a user can't log in now, and what to do.
fn why_no_login(user: &User) -> Option<String> {
    let name = &user.username;
    let mut reasons = Vec::new();
    if user.status == UserStatus::Disabled {
        reasons.push(format!(
            "{name} is disabled and can't log in; enable with: cardea user enable {name}"
        ));
    }
    if !user.has_password {
        reasons.push(format!(
            "{name} has no password and can't log in with one; set one with: cardea user password {name}"
        ));
    }
    if let Some(until) = &user.locked_until {
        reasons.push(format!(
            "{name} is locked until {} after failed logins; a new password ends it: cardea user password {name}",
            word(until)
        ));
    }
    (!reasons.is_empty()).then(|| reasons.join("\n"))
}
