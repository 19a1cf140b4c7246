//! Users.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Subject, Username};
use crate::language::Lang;

/// Whether a user may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// The user may log in.
    Enabled,
    /// The user may not log in, and all tokens are dead.
    Disabled,
}

/// A user, without secrets: those are credentials, which are read only where they are verified (D25).
#[derive(Clone)]
pub struct User {
    /// The `sub` claim: random, permanent.
    pub subject: Subject,
    /// The name to log in with.
    pub username: Username,
    /// The `email` claim.
    pub email: Option<String>,
    /// The `email_verified` claim.
    pub email_verified: bool,
    /// The `roles` claim.
    pub roles: Vec<String>,
    /// Standard and custom claims: `name`, `phone_number`, `address` …
    pub claims: BTreeMap<String, serde_json::Value>,
    /// Enabled or disabled.
    pub status: UserStatus,
    /// Consecutive failed logins.
    pub failures: LoginFailures,
    /// Only browsers that logged this user in since then are known devices.
    pub devices_since: Option<Timestamp>,
    /// What limits the account, and its language.
    pub account: AccountState,
    /// When the user was added.
    pub created_at: Timestamp,
    /// When anything about the user was changed; the `updated_at` claim.
    pub updated_at: Timestamp,
}

/// What limits an account, and its language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountState {
    /// Whether the user has to choose a new password at the next login.
    pub must_change_password: bool,
    /// From then on the user may not log in.
    pub expires_at: Option<Timestamp>,
    /// From then on the account is removed, unless the user logs in before.
    pub delete_at: Option<Timestamp>,
    /// The language that the user chose.
    pub locale: Option<Lang>,
}

impl AccountState {
    /// How long a user can keep an account after the request to delete it.
    pub const DELETION_GRACE: SignedDuration = SignedDuration::from_hours(14 * 24);
}

impl User {
    /// Whether the user may log in now.
    #[must_use]
    pub fn may_log_in(&self, now: Timestamp) -> bool {
        self.is_enabled() && self.account.expires_at.is_none_or(|end| end > now)
    }

    /// Whether the user may log in and use tokens.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.status == UserStatus::Enabled
    }
}

/// Consecutive failed logins, kept in the user's row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoginFailures {
    /// How many since the last login.
    pub count: u32,
    /// When the last one was.
    pub last_at: Option<Timestamp>,
}

impl LoginFailures {
    /// From so many in a row on, the user is told by mail.
    pub const MANY: u32 = 10;
    /// Failures without a wait.
    const FREE: u32 = 5;
    /// The longest wait, so that a stranger can't lock a user out permanently.
    const LONGEST: SignedDuration = SignedDuration::from_secs(300);

    /// Until when no password is accepted: after five failures a wait that doubles from 5 s to 5 min.
    #[must_use]
    pub fn locked_until(&self) -> Option<Timestamp> {
        let over = self.count.checked_sub(Self::FREE)?;
        let wait = SignedDuration::from_secs(5_i64 << over.min(6)).min(Self::LONGEST);
        self.last_at?.checked_add(wait).ok()
    }

    /// How many passwords can be checked within a time without the right one, from however many networks: five, then one whenever a
    /// wait ends. Guesses that are sent at once can each be checked before the one before is counted; `limits` bounds those.
    #[must_use]
    pub fn most_within(time: SignedDuration) -> u32 {
        let mut failures = Self {
            count: Self::FREE,
            last_at: Some(Timestamp::UNIX_EPOCH),
        };
        let end = Timestamp::UNIX_EPOCH.checked_add(time).ok();
        while let Some(next) = failures.locked_until().filter(|next| Some(*next) <= end) {
            failures = Self {
                count: failures.count.saturating_add(1),
                last_at: Some(next),
            };
        }
        failures.count
    }

    /// Whether passwords are refused without being checked.
    #[must_use]
    pub fn locked(&self, now: Timestamp) -> bool {
        self.locked_until().is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_after_five_failures_and_ends_at_five_minutes() {
        let at = Timestamp::UNIX_EPOCH;
        let wait = |count| {
            let failures = LoginFailures {
                count,
                last_at: Some(at),
            };
            failures
                .locked_until()
                .map(|until| until.duration_since(at).as_secs())
        };
        assert_eq!(
            [4, 5, 6, 7, 11, 4_000_000].map(wait),
            [None, Some(5), Some(10), Some(20), Some(300), Some(300)]
        );
        assert!(!LoginFailures::default().locked(at));
    }

    #[test]
    fn a_lock_ends_when_its_wait_is_over() {
        let at = Timestamp::UNIX_EPOCH;
        let failures = LoginFailures {
            count: 5,
            last_at: Some(at),
        };
        assert!(failures.locked(at + SignedDuration::from_millis(4999)));
        assert!(!failures.locked(at + SignedDuration::from_secs(5)));
    }

    #[test]
    fn few_passwords_can_be_guessed_within_a_time() {
        let hours = SignedDuration::from_hours;
        let most = [hours(0), SignedDuration::from_secs(15), hours(1), hours(24)];
        assert_eq!(most.map(LoginFailures::most_within), [5, 7, 21, 297]);
    }

    #[test]
    fn a_disabled_user_is_not_enabled() {
        let mut user = crate::samples::user();
        assert!(user.is_enabled());
        user.status = UserStatus::Disabled;
        assert!(!user.is_enabled());
    }
}
