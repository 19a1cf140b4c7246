//! A browser's session at the provider (D8).

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AuthenticationContext, SessionId, Sid, Subject};

/// A browser's session. Rows are kept for a while after their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The SHA-256 of the cookie.
    pub id: SessionId,
    /// The public name.
    pub sid: Sid,
    /// The user.
    pub subject: Subject,
    /// When and how the user authenticated, at the last login in this session.
    pub context: AuthenticationContext,
    /// When the session began.
    pub created_at: Timestamp,
    /// When the browser or one of its applications was last seen, to the minute.
    pub last_seen_at: Timestamp,
    /// Ends if not used until then.
    pub idle_expires_at: Timestamp,
    /// Ends at this time in any case.
    pub expires_at: Timestamp,
    /// Whether the user asked to stay signed in: it has no idle end before `expires_at`, and its cookie outlives the browser.
    pub remembered: bool,
    /// The address of the login.
    pub address: Option<IpAddr>,
    /// The user agent of the login.
    pub user_agent: Option<String>,
    /// When and why it ended, if it has.
    pub ended: Option<(Timestamp, SessionEnd)>,
}

impl Session {
    /// Whether the session is alive.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.idle_expires_at && now < self.expires_at
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The user logged out.
    Logout,
    /// The user ended it from the account page of another browser.
    Remote,
    /// Another user logged in in the same browser (D8).
    Replaced,
    /// An operator ended it, or disabled or removed the user.
    Operator,
    /// It expired.
    Expired,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{now, seconds, session};

    #[test]
    fn a_session_ends_idle_by_age_or_when_it_is_ended() {
        assert!(session().is_alive(now()));
        assert!(!session().is_alive(now() + seconds(1800)), "idle");
        let busy = Session {
            idle_expires_at: now() + seconds(99_999),
            ..session()
        };
        assert!(busy.is_alive(now() + seconds(28_799)));
        assert!(!busy.is_alive(now() + seconds(28_800)), "too old");
        let ended = Session {
            ended: Some((now(), SessionEnd::Logout)),
            ..session()
        };
        assert!(!ended.is_alive(now()));
    }
}
