use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The second factors of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Factors {
    /// Whether the user has an authenticator app.
    pub totp: bool,
    /// When it was set up.
    pub totp_created_at: Option<Timestamp>,
    /// When a code of it was used for the last time.
    pub totp_last_used_at: Option<Timestamp>,
    /// How many passkeys the user has.
    pub passkeys: u32,
    /// How many backup codes are left.
    pub backup_codes: u32,
    /// How many browsers are not asked for the second factor.
    pub trusted_devices: u32,
    /// Of a pending reset from when the factors can be removed. A sign-in with one of them cancels it.
    pub reset_from: Option<Timestamp>,
    /// Until when its link can be used, if it has one. Without one the factors are removed by themselves.
    pub reset_link_expires_at: Option<Timestamp>,
}

/// How second factors are removed.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct ResetQuery {
    /// Whether not to wait for `mfa.reset_delay`.
    #[param(required = false)]
    pub now: bool,
}

/// Who gets a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkDelivery {
    /// The caller, who hands it over.
    Response,
    /// The user's verified address.
    Mail,
}

/// A link to make, with which a user removes all second factors.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFactorResetLink {
    /// Who gets it.
    pub delivery: LinkDelivery,
    /// For how many seconds it can be used, after `mfa.reset_delay`: 15 minutes to 7 days.
    pub valid_seconds: u64,
}

/// A link for one use, which works together with the user's password. It is a secret: it is shown once.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct FactorResetLink {
    /// The URL to open in a browser, if it was not mailed.
    pub url: Option<String>,
    /// The address that it was mailed to.
    pub mailed_to: Option<String>,
    /// From when it can be used.
    pub valid_from: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}
