//! Whether all that stands behind a grant still stands (D10).

use crate::model::{Grant, GrantState};
use jiff::Timestamp;

/// What the store reads beside a grant's row, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the session is alive.
    pub session_alive: bool,
    /// Whether the person is there and enabled.
    pub user_enabled: bool,
    /// Whether the client is there and enabled.
    pub client_enabled: bool,
}

/// What of a grant decides whether its tokens can be alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantLife {
    /// Whether it was revoked.
    pub revoked: bool,
    /// When all its tokens are dead.
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
    /// All is well.
    pub const WHOLE: Self = Self {
        session_alive: true,
        user_enabled: true,
        client_enabled: true,
    };

    /// Why no token of the grant is alive, if none is.
    pub fn judge(self, grant: impl Into<GrantLife>, now: Timestamp) -> Result<(), &'static str> {
        let life = grant.into();
        if life.revoked {
            return Err("the grant was revoked");
        }
        if now >= life.expires_at {
            return Err("the grant has expired");
        }
        // OpenID Core §11: only offline access outlives the session.
        if !self.session_alive && !life.offline {
            return Err("the session has ended");
        }
        if !self.user_enabled {
            return Err("the person is disabled");
        }
        if !self.client_enabled {
            return Err("the client is disabled");
        }
        Ok(())
    }
}
