//! What users do with their accounts as a whole, and the ends of accounts.

use async_trait::async_trait;
use cardea_protocol::{
    language::Lang,
    mail::Mail,
    model::{Cause, SessionId, Subject},
};
use cardea_seal::Secret;
use jiff::Timestamp;

use crate::{Notice, Result};

/// Asks for the removal of an account. Audited as `deletion_requested`.
pub struct RequestDeletion {
    /// The user.
    pub subject: Subject,
    /// The session of the user in which it is requested.
    pub session: SessionId,
    /// When the account is removed.
    pub delete_at: Timestamp,
    /// The mail about it.
    pub mail: Option<Mail>,
    /// Who does it.
    pub cause: Cause,
}

/// Ends the accounts whose time has come.
pub struct EndDueAccounts {
    /// At most so many are removed, and as many disabled.
    pub limit: u32,
    /// If mails are sent: the language of those to users who chose none.
    pub mail: Option<Lang>,
    /// Who does it.
    pub cause: Cause,
}

/// Gives a user a new password, who has proved the present one or has none. Audited as `password_changed`.
pub struct ChangeOwnPassword {
    /// The user.
    pub subject: Subject,
    /// The session of the user in which it is changed: the only one that does not end.
    pub session: SessionId,
    /// When the password was set that was proved; none where the user has none.
    pub proved_set_at: Option<Timestamp>,
    /// The hash of the new one.
    pub hash: Secret<String>,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// Who does it.
    pub cause: Cause,
}

/// Gives a user a new password at a login, which the present one does not let in any more ([`UserUpdate::must_change_password`](crate::UserUpdate)).
/// Audited as `password_changed`.
pub struct ChangePasswordAtLogin {
    /// The user, who has proved all that the login needs.
    pub subject: Subject,
    /// When the password was set that was proved.
    pub proved_set_at: Timestamp,
    /// The hash of the new one.
    pub hash: Secret<String>,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// Who does it.
    pub cause: Cause,
}

/// Accounts.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account is removed at that time, unless the user logs in before. All sessions end, all grants are revoked, known and
    /// trusted devices are forgotten. `false`, and nothing is written, when the session has ended or is another user's, the user may
    /// not log in, or the removal was requested before.
    async fn request_deletion(&self, command: RequestDeletion) -> Result<bool>;
    /// Sets the password, if the user still has the one that was proved, or none. All other sessions end, all grants are revoked, known
    /// and trusted devices are forgotten, and links to a new password or to another address do nothing any more. `false`, and nothing is written, when the
    /// password was changed meanwhile, the session has ended or is another user's, or the user may not log in.
    async fn change_own_password(&self, command: ChangeOwnPassword) -> Result<bool>;
    /// Sets the password, if it must be changed and is still the one that was proved; returns when the new one was set, for
    /// [`OpenSession`](crate::OpenSession). It need not be changed again. All sessions end, all grants are revoked, known and trusted
    /// devices are forgotten, and links to a new password do nothing any more. `None`, and nothing is written, when the password was
    /// changed meanwhile or does not have to be, or the user may not log in.
    async fn change_password_at_login(
        &self,
        command: ChangePasswordAtLogin,
    ) -> Result<Option<Timestamp>>;
    /// Records that the data of a user was read as a whole, as `data_exported`. `false` when the user does not exist.
    async fn record_export(&self, subject: Subject, cause: Cause) -> Result<bool>;
    /// Removes users whose time of deletion has come, with all that [`Users::remove_user`](crate::Users::remove_user) removes, and
    /// disables those who have expired. Returns how many.
    async fn end_due_accounts(&self, command: EndDueAccounts) -> Result<u64>;
}
