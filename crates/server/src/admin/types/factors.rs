use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The second factors of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Factors {
    /// Whether the user has an authenticator app.
    pub totp: bool,
    /// When it was set up.
    pub totp_created_at: Option<Timestamp>,
    /// When a code of it was used for the last time.
    pub totp_last_used_at: Option<Timestamp>,
    /// How many backup codes are left.
    pub backup_codes: u32,
    /// How many browsers are not asked for the second factor.
    pub trusted_devices: u32,
}
