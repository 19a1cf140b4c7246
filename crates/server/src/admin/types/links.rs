use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a link to a user is for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserLinkPurpose {
    /// To a new password.
    PasswordReset,
    /// To the first password of a new user.
    Invite,
}

/// A link to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUserLink {
    /// What it is for.
    pub purpose: UserLinkPurpose,
    /// For how many seconds it can be used: 15 minutes to 7 days.
    pub valid_seconds: u64,
}

/// A link for one use. It is a secret: it is shown once.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct UserLink {
    /// The URL to open in a browser.
    pub url: String,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}
