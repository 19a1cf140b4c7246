//! A browser that is logged in at the provider (D8).

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AuthenticationContext, SessionId, Sid, Subject};

/// A browser's session. Rows are kept a while after their end, so that the audit can name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The SHA-256 of the cookie.
    pub id: SessionId,
    /// The public name.
    pub sid: Sid,
    /// Who is logged in.
    pub subject: Subject,
    /// When and how they proved it, at the last login in this session.
    pub context: AuthenticationContext,
    /// When the session began.
    pub created_at: Timestamp,
    /// When the browser or one of its applications was last seen, to the minute.
    pub last_seen_at: Timestamp,
    /// Dead when nothing was seen until then.
    pub idle_expires_at: Timestamp,
    /// Dead at this time whatever happens.
    pub expires_at: Timestamp,
    /// From where it began.
    pub address: Option<IpAddr>,
    /// With what it began.
    pub user_agent: Option<String>,
    /// Why it is over, if it is.
    pub ended: Option<(Timestamp, SessionEnd)>,
}

impl Session {
    /// Whether the session counts.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.idle_expires_at && now < self.expires_at
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The person logged out here.
    Logout,
    /// The person ended it from the account page of another browser.
    Remote,
    /// Somebody logged in over it in the same browser (D8).
    Replaced,
    /// An operator ended it, or disabled or removed the person.
    Operator,
    /// Its time was over.
    Expired,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{now, seconds, session};

    #[test]
    fn a_session_dies_idle_of_age_or_when_it_is_ended() {
        assert!(session().is_alive(now()));
        assert!(!session().is_alive(now() + seconds(1800)), "idle");
        let busy = Session {
            idle_expires_at: now() + seconds(99_999),
            ..session()
        };
        assert!(busy.is_alive(now() + seconds(28_799)));
        assert!(!busy.is_alive(now() + seconds(28_800)), "of age");
        let ended = Session {
            ended: Some((now(), SessionEnd::Logout)),
            ..session()
        };
        assert!(!ended.is_alive(now()));
    }
}
