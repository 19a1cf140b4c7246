//! Whether session, user and client of a grant are still active (D10).

use jiff::Timestamp;

use crate::model::{Grant, GrantState};

/// What the store reads with a grant's row, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the session is active. A grant without a session lacks none.
    pub session_alive: bool,
    /// Whether the user exists and may log in.
    pub user_enabled: bool,
    /// Whether the client exists and is enabled.
    pub client_enabled: bool,
    /// Whether the user is a member of the grant's organization, and that is enabled. A grant without an organization lacks none.
    pub member: bool,
}

/// Why the tokens of a grant are inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum Inactive {
    /// The grant was revoked.
    Revoked,
    /// All its tokens have expired.
    Expired,
    /// Its session has ended, and it has no offline access.
    SessionEnded,
    /// The user is disabled.
    UserDisabled,
    /// The client is disabled.
    ClientDisabled,
    /// The user is no longer a member of the grant's organization.
    NotMember,
}

impl Inactive {
    /// The reason for the log and for the administration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "the grant was revoked",
            Self::Expired => "the grant has expired",
            Self::SessionEnded => "the session has ended",
            Self::UserDisabled => "the user is disabled",
            Self::ClientDisabled => "the client is disabled",
            Self::NotMember => "the user is no longer a member of the organization",
        }
    }
}

/// The state of a grant that decides whether its tokens can be active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantLife {
    /// Whether it was revoked.
    pub revoked: bool,
    /// When all its tokens have expired.
    pub expires_at: Timestamp,
    /// OpenID Core §11: whether it outlives its session.
    pub offline: bool,
}

impl From<&Grant> for GrantLife {
    fn from(grant: &Grant) -> Self {
        Self {
            revoked: matches!(grant.state, GrantState::Revoked(_)),
            expires_at: grant.expires_at,
            offline: grant.is_offline(),
        }
    }
}

impl Standing {
    /// All of them active.
    pub const WHOLE: Self = Self {
        session_alive: true,
        user_enabled: true,
        client_enabled: true,
        member: true,
    };

    /// Why the tokens of the grant are inactive, if they are.
    pub fn judge(self, grant: impl Into<GrantLife>, now: Timestamp) -> Result<(), Inactive> {
        let life = grant.into();
        if life.revoked {
            return Err(Inactive::Revoked);
        }
        if now >= life.expires_at {
            return Err(Inactive::Expired);
        }
        // OpenID Core §11: only offline access outlives the session.
        if !self.session_alive && !life.offline {
            return Err(Inactive::SessionEnded);
        }
        if !self.user_enabled {
            return Err(Inactive::UserDisabled);
        }
        if !self.client_enabled {
            return Err(Inactive::ClientDisabled);
        }
        if !self.member {
            return Err(Inactive::NotMember);
        }
        Ok(())
    }
}
