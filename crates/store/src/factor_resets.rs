//! The reset of second factors by an operator: at once, after a delay, or by a link that works together with the password.

use async_trait::async_trait;
use cardea_protocol::{
    factor_reset::ResetWindow,
    mail::Mail,
    model::{Cause, Subject, User},
};
use cardea_seal::Digest;
use jiff::Timestamp;

use crate::Result;

/// Requests a reset. A pending one of the user is replaced. Audited as `factor_reset_requested`.
pub struct RequestFactorReset {
    /// Whose factors.
    pub subject: Subject,
    /// From when they can be removed.
    pub from: Timestamp,
    /// The link with which the user removes them; without one they are removed by themselves.
    pub link: Option<NewResetLink>,
    /// The mail about it.
    pub mail: Option<Mail>,
    /// Who does it.
    pub cause: Cause,
}

/// A link to a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewResetLink {
    /// The hash of its token.
    pub token: Digest,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// A reset that was requested and not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingReset {
    /// From when the factors can be removed.
    pub from: Timestamp,
    /// Of a link until when it can be used.
    pub link_expires_at: Option<Timestamp>,
}

/// A living link to a reset.
pub struct FactorResetLink {
    /// Its user, who may log in.
    pub user: User,
    /// When it can be used.
    pub window: ResetWindow,
}

/// Uses a link, after the password was proved: removes all second factors, backup codes and trusted devices. Audited as
/// `factors_reset`.
pub struct UseFactorReset {
    /// The hash of its token.
    pub token: Digest,
    /// The user whose password was proved.
    pub subject: Subject,
    /// When that password was set: another one proves nothing.
    pub password_set_at: Timestamp,
    /// The mail about it.
    pub mail: Option<Mail>,
    /// Who does it.
    pub cause: Cause,
}

/// When to remove factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetWhen {
    /// At once, whatever was requested before.
    Now,
    /// If a reset without a link was requested and its time has come.
    Due,
}

/// Removes all second factors, backup codes and trusted devices. Audited as `factors_reset`.
pub struct ResetFactors {
    /// Whose.
    pub subject: Subject,
    /// When.
    pub when: ResetWhen,
    /// The mail about it.
    pub mail: Option<Mail>,
    /// Who does it.
    pub cause: Cause,
}

/// Resets of second factors. A proof of a second factor cancels the pending one, see [`crate::Factors::use_factor`].
#[async_trait]
pub trait FactorResets: Send + Sync {
    /// Requests one. `false` when the user has no second factor or, for a link, no password or may not log in.
    async fn request_factor_reset(&self, command: RequestFactorReset) -> Result<bool>;
    /// The pending one of a user.
    async fn pending_factor_reset(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Option<PendingReset>>;
    /// Cancels the pending one, audited as `factor_reset_cancelled`. `false` when there was none.
    async fn cancel_factor_reset(&self, subject: Subject, cause: Cause) -> Result<bool>;
    /// Reads a living link. Reading it does not use it: mail scanners read links.
    async fn factor_reset_link(
        &self,
        token: Digest,
        now: Timestamp,
    ) -> Result<Option<FactorResetLink>>;
    /// Uses a link. `false` when there is no such link of the user that can be used now, or the password is another: nothing was
    /// written.
    async fn use_factor_reset(&self, command: UseFactorReset) -> Result<bool>;
    /// Removes the factors. `false` when there were none, or nothing was due.
    async fn reset_factors(&self, command: ResetFactors) -> Result<bool>;
    /// The users whose reset without a link is due, at most `limit`.
    async fn due_factor_resets(&self, now: Timestamp, limit: u32) -> Result<Vec<User>>;
}
