//! The reset of a user's second factors by an administrator: when it takes effect, and when its link can be used. Before that,
//! whoever still proves one of the factors cancels it.

use jiff::{SignedDuration, Timestamp};

/// The longest delay that a policy can set. A user who has lost a factor waits that long.
pub const LONGEST_DELAY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// When the link to a reset can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetWindow {
    /// From then on.
    pub from: Timestamp,
    /// Not from then on.
    pub until: Timestamp,
}

/// What a use of the link at some time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetUse {
    /// The delay of the policy is not over.
    TooEarly,
    /// The factors can be removed.
    Possible,
    /// The link has expired.
    TooLate,
}

impl ResetWindow {
    /// The window of a link that is made now: it opens after the delay of the policy, and stays open for `valid`.
    #[must_use]
    pub fn new(now: Timestamp, delay: SignedDuration, valid: SignedDuration) -> Self {
        let after = |at: Timestamp, time| at.saturating_add(time).unwrap_or(Timestamp::MAX);
        let from = after(now, delay);
        Self {
            from,
            until: after(from, valid),
        }
    }

    /// Whether the link can be used.
    #[must_use]
    pub fn judge(&self, now: Timestamp) -> ResetUse {
        if now >= self.until {
            ResetUse::TooLate
        } else if now < self.from {
            ResetUse::TooEarly
        } else {
            ResetUse::Possible
        }
    }
}

/// When a reset without a link takes effect; `None` is at once.
#[must_use]
pub fn takes_effect_at(
    now: Timestamp,
    delay: SignedDuration,
    without_delay: bool,
) -> Option<Timestamp> {
    let delayed = !without_delay && delay > SignedDuration::ZERO;
    delayed.then(|| now.saturating_add(delay).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{now, seconds};

    #[test]
    fn a_link_works_after_the_delay_and_until_it_expires() {
        let window = ResetWindow::new(now(), seconds(60), seconds(30));
        for (at, expected) in [
            (0, ResetUse::TooEarly),
            (59, ResetUse::TooEarly),
            (60, ResetUse::Possible),
            (89, ResetUse::Possible),
            (90, ResetUse::TooLate),
        ] {
            assert_eq!(window.judge(now() + seconds(at)), expected, "{at}");
        }
        let at_once = ResetWindow::new(now(), SignedDuration::ZERO, seconds(30));
        assert_eq!(at_once.judge(now()), ResetUse::Possible);
        let never = ResetWindow::new(Timestamp::MAX, seconds(60), seconds(30));
        assert_eq!(never.judge(now()), ResetUse::TooEarly);
    }

    #[test]
    fn a_reset_waits_for_the_delay_unless_it_is_said_not_to() {
        let at = |delay, without_delay| takes_effect_at(now(), seconds(delay), without_delay);
        assert_eq!(at(60, false), Some(now() + seconds(60)));
        assert_eq!(at(60, true), None);
        assert_eq!(at(0, false), None);
    }
}
