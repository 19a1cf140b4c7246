//! Second factors: failed attempts, and the browsers that are not asked.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{LastSeen, Subject};

/// How long a browser that the user trusts is not asked for a second factor.
pub const TRUST_TTL: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many browsers a user trusts at most; the oldest goes.
pub const MAX_TRUSTED_DEVICES: u32 = 20;

/// Consecutive wrong codes, kept in the user's row: across all journeys and sessions. Only who has proved the first factor, or has a
/// session, can cause one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FactorFailures {
    /// How many since the last right code.
    pub count: u32,
    /// When the last one was.
    pub last_at: Option<Timestamp>,
}

impl FactorFailures {
    /// Failures without a wait.
    const FREE: u32 = 5;
    /// The longest wait. With it a guesser who knows the password finds one of three valid codes of a million in ten years.
    const LONGEST: SignedDuration = SignedDuration::from_mins(15);

    /// Until when no code is accepted: after five failures a wait that doubles from 15 s to 15 min.
    #[must_use]
    pub fn locked_until(&self) -> Option<Timestamp> {
        let over = self.count.checked_sub(Self::FREE)?;
        let wait = SignedDuration::from_secs(15_i64 << over.min(6)).min(Self::LONGEST);
        self.last_at?.checked_add(wait).ok()
    }

    /// Until when codes are refused without being checked, if they are.
    #[must_use]
    pub fn locked(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until().filter(|until| now < *until)
    }
}

/// Attempts that are counted together. Whoever knows the password can keep all other browsers waiting, but not those in which the
/// user has proved a second factor: they are counted by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorLane {
    /// Browsers in which the user has proved a second factor before.
    Known,
    /// All others.
    Others,
}

/// A browser that is not asked for a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedDevice {
    /// Names it among those of its user.
    pub id: i64,
    /// The user.
    pub subject: Subject,
    /// The browser's `User-Agent`.
    pub label: String,
    /// The address from which it was last used.
    pub address: Option<IpAddr>,
    /// When the user said to trust it.
    pub created_at: Timestamp,
    /// When it stood for a second factor for the last time.
    pub last_used_at: Timestamp,
    /// Until when it is trusted.
    pub expires_at: Timestamp,
}

impl TrustedDevice {
    /// Whether its cookie still stands for a second factor. From another network and another browser at once it was perhaps copied.
    #[must_use]
    pub fn holds(&self, seen: &LastSeen) -> bool {
        let before = LastSeen {
            address: self.address,
            user_agent: (!self.label.is_empty()).then(|| self.label.clone()),
        };
        !before.is_elsewhere(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_after_five_wrong_codes_and_ends_at_fifteen_minutes() {
        let at = Timestamp::UNIX_EPOCH;
        let wait = |count| {
            let last_at = Some(at);
            let failures = FactorFailures { count, last_at };
            let until = failures.locked_until()?;
            Some(until.duration_since(at).as_secs())
        };
        assert_eq!(
            [4, 5, 6, 10, 11, 4_000_000].map(wait),
            [None, Some(15), Some(30), Some(480), Some(900), Some(900)]
        );
        let failures = FactorFailures {
            count: 5,
            last_at: Some(at),
        };
        let until = at + SignedDuration::from_secs(15);
        assert_eq!(failures.locked(at), Some(until));
        assert_eq!(failures.locked(until), None);
        assert_eq!(FactorFailures::default().locked(at), None);
    }
}
