//! Links for one use.

use serde::{Deserialize, Serialize};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// To a new password.
    PasswordReset,
    /// To the first password of a user whom an operator added.
    Invite,
    /// Confirms an address.
    VerifyEmail,
    /// Takes back the change of an address.
    EmailUndo,
    /// Of a user who did not log in, or did not change a password.
    NotMe,
}
