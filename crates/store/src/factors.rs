//! Second factors: an authenticator app, backup codes, and browsers that are trusted.

use std::net::IpAddr;

use async_trait::async_trait;
use cardea_protocol::{
    model::{Cause, FactorLane, LastSeen, Subject, TrustedDevice},
    totp::TimeStep,
};
use cardea_seal::{Digest, Secret};
use jiff::Timestamp;

use crate::{Notice, PasskeyView, Result};

/// What a user has, without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactorView {
    /// The authenticator app.
    pub totp: Option<TotpView>,
    /// The passkeys, the first one first.
    pub passkeys: Vec<PasskeyView>,
    /// Backup codes that were not used.
    pub backup_codes: u32,
}

/// An authenticator app, without its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotpView {
    /// When it was set up.
    pub created_at: Timestamp,
    /// When a code of it was used for the last time.
    pub last_used_at: Option<Timestamp>,
}

/// An authenticator app, as its codes are verified.
pub struct TotpCredential {
    /// The sealed secret.
    pub sealed: Secret<String>,
    /// When it was set up. A code of an app that was removed since counts for nothing.
    pub set_at: Timestamp,
}

/// Begins an attempt. It counts as failed until [`Factors::use_factor`] says otherwise, so that many at once are not more than the
/// rule allows.
pub struct AttemptFactor {
    /// Who has to prove a second factor.
    pub subject: Subject,
    /// With which others it is counted.
    pub lane: FactorLane,
    /// Who does it.
    pub cause: Cause,
}

/// What an attempt is checked with.
pub enum FactorAttempt {
    /// The user does not exist or is disabled.
    NoUser,
    /// No code is accepted until then. The attempt was not counted.
    Locked(Timestamp),
    /// The attempt was counted.
    Begun {
        /// The authenticator app, if there is one.
        totp: Option<TotpCredential>,
    },
}

/// Which factor was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorUse {
    /// A code of the authenticator app.
    Totp {
        /// The time step it belongs to. It must be greater than the last one used.
        step: TimeStep,
        /// When the app was set up whose secret it was checked with.
        set_at: Timestamp,
    },
    /// A backup code, by what is stored of it.
    BackupCode(Digest),
}

/// Uses a code, once. Resets the failed attempts of its lane.
pub struct UseFactor {
    /// Whose.
    pub subject: Subject,
    /// Where the attempt was counted.
    pub lane: FactorLane,
    /// Which.
    pub factor: FactorUse,
    /// Who does it.
    pub cause: Cause,
}

/// A code that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorUsed {
    /// How many backup codes are left.
    pub backup_codes: u32,
}

/// Sets up an authenticator app, after a code of it was verified. Audited as `factor_added`.
pub struct EnrolTotp {
    /// Whose.
    pub subject: Subject,
    /// The sealed secret.
    pub sealed: Secret<String>,
    /// The step of the code that proved it: it is used.
    pub step: TimeStep,
    /// What is stored of the backup codes that come with it; those before are replaced.
    pub backup_codes: Vec<Digest>,
    /// Whether the user must have no second factor: only then does the password set one up on the way of a sign-in.
    pub first: bool,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// Who does it.
    pub cause: Cause,
}

/// Replaces the backup codes of a user who has a second factor. Audited as `backup_codes_made`.
pub struct ReplaceBackupCodes {
    /// Whose.
    pub subject: Subject,
    /// What is stored of each.
    pub backup_codes: Vec<Digest>,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// Who does it.
    pub cause: Cause,
}

/// Which factors to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichFactors {
    /// The authenticator app. With the last factor, backup codes and trusted devices go too. Audited as `factor_removed`.
    Totp,
    /// All of them, by an operator. Audited as `factors_reset`.
    All,
}

/// Removes factors.
pub struct RemoveFactors {
    /// Whose.
    pub subject: Subject,
    /// Which.
    pub which: WhichFactors,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// Who does it.
    pub cause: Cause,
}

/// Trusts a browser. The oldest goes when there are too many. Audited as `device_trusted`.
pub struct TrustDevice {
    /// By whom.
    pub subject: Subject,
    /// The hash of the token in its cookie.
    pub token: Digest,
    /// The hash of the token that it had before, which is forgotten.
    pub replaces: Option<Digest>,
    /// The browser's `User-Agent`.
    pub label: String,
    /// Its address.
    pub address: Option<IpAddr>,
    /// Until when.
    pub expires_at: Timestamp,
    /// Who does it.
    pub cause: Cause,
}

/// Forgets trusted browsers. Audited as `device_forgotten`.
pub struct ForgetDevice {
    /// Whose.
    pub subject: Subject,
    /// Which; `None` for all.
    pub id: Option<i64>,
    /// Who does it.
    pub cause: Cause,
}

/// Second factors. Only [`Factors::attempt_factor`] reads a secret (D25).
#[async_trait]
pub trait Factors: Send + Sync {
    /// What a user has.
    async fn factors(&self, subject: &Subject) -> Result<FactorView>;
    /// Counts an attempt, and returns what it is checked with.
    async fn attempt_factor(&self, command: AttemptFactor) -> Result<FactorAttempt>;
    /// Uses a code. `None` when it was used before, or is not this user's: nothing was written.
    async fn use_factor(&self, command: UseFactor) -> Result<Option<FactorUsed>>;
    /// Records that an attempt failed: audited as `factor_failed`, at most once a minute per user.
    async fn record_factor_failure(&self, subject: Subject, cause: Cause) -> Result<()>;
    /// Sets up an authenticator app. `false` when the user has one, or is disabled: nothing was written.
    async fn enrol_totp(&self, command: EnrolTotp) -> Result<bool>;
    /// Replaces the backup codes. `false` when the user has no second factor: nothing was written.
    async fn replace_backup_codes(&self, command: ReplaceBackupCodes) -> Result<bool>;
    /// Removes factors. `false` when there were none.
    async fn remove_factors(&self, command: RemoveFactors) -> Result<bool>;
    /// Trusts a browser. `false` when the user has no second factor, or is disabled.
    async fn trust_device(&self, command: TrustDevice) -> Result<bool>;
    /// The browser with this token, if the user trusts it at `now`.
    async fn trusted_device(
        &self,
        subject: &Subject,
        token: Digest,
        now: Timestamp,
    ) -> Result<Option<TrustedDevice>>;
    /// Writes that a trusted browser stood for a second factor, and where it was.
    async fn touch_trusted_device(
        &self,
        subject: Subject,
        token: Digest,
        seen: LastSeen,
        now: Timestamp,
    ) -> Result<()>;
    /// The browsers that a user trusts, the newest first.
    async fn trusted_devices(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Vec<TrustedDevice>>;
    /// Forgets trusted browsers; returns how many.
    async fn forget_device(&self, command: ForgetDevice) -> Result<u64>;
}
