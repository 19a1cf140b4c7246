//! What `cardea user` says after a change.

use cardea_server::admin::types::{NewUserLink, User, UserLink, UserLinkPurpose, UserStatus};
use cardea_web::{
    clock::{Clock as _, SystemClock},
    config::Duration,
};
use http::Method;
use jiff::Timestamp;

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
        match why_no_login(user, SystemClock.now()) {
            None => format!("{did} {name}."),
            Some(why) => format!("{did} {name}.\n\n{why}"),
        }
    })
}

/// Why a user can't log in now, and what to do.
fn why_no_login(user: &User, now: Timestamp) -> Option<String> {
    let name = &user.username;
    let mut reasons = Vec::new();
    if let Some(end) = expired(user, now) {
        reasons.push(format!(
            "The account expired at {} and can't log in; lift that with: cardea user set {name} --expires never",
            word(&end)
        ));
    } else if user.status == UserStatus::Disabled {
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

/// When the account expired, if it did.
fn expired(user: &User, now: Timestamp) -> Option<Timestamp> {
    user.expires_at.filter(|end| *end <= now)
}

/// Whether a user can log in, in the words of a list.
pub(super) fn standing(user: &User, now: Timestamp) -> &'static str {
    match user.status {
        _ if expired(user, now).is_some() => "expired",
        UserStatus::Disabled => "disabled",
        UserStatus::Enabled if user.locked_until.is_some_and(|until| until > now) => "locked",
        UserStatus::Enabled if user.must_change_password => "must change password",
        UserStatus::Enabled => "enabled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(changes: &serde_json::Value) -> User {
        let mut user = serde_json::json!({
            "sub": "s", "username": "alice", "email": null, "email_verified": false, "roles": [], "claims": {},
            "status": "enabled", "has_password": true, "locked_until": null,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        });
        let (Some(user_members), Some(changed)) = (user.as_object_mut(), changes.as_object())
        else {
            panic!("an object");
        };
        user_members.extend(changed.clone());
        serde_json::from_value(user).unwrap()
    }

    #[test]
    fn a_user_of_a_list_is_shown_as_logins_see_it() {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let (before, after) = ("2026-05-31T23:59:59Z", "2026-06-01T00:00:01Z");
        for (changes, expected) in [
            (serde_json::json!({}), "enabled"),
            (serde_json::json!({ "status": "disabled" }), "disabled"),
            (
                serde_json::json!({ "status": "disabled", "expires_at": before }),
                "expired",
            ),
            (
                serde_json::json!({ "expires_at": "2026-06-01T00:00:00Z" }),
                "expired",
            ),
            (serde_json::json!({ "expires_at": after }), "enabled"),
            (
                serde_json::json!({ "locked_until": after, "must_change_password": true }),
                "locked",
            ),
            (serde_json::json!({ "locked_until": before }), "enabled"),
            (
                serde_json::json!({ "must_change_password": true }),
                "must change password",
            ),
        ] {
            assert_eq!(standing(&user(&changes), now), expected, "{changes}");
        }
    }

    #[test]
    fn an_expired_account_is_not_to_be_enabled_but_given_time() {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let changes =
            serde_json::json!({ "status": "disabled", "expires_at": "2026-05-01T00:00:00Z" });
        let why = why_no_login(&user(&changes), now).unwrap();
        assert!(why.contains("user set alice --expires never"), "{why}");
        assert!(!why.contains("user enable"), "{why}");
    }
}
