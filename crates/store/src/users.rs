//! Users.

use async_trait::async_trait;
use cardea_protocol::{
    language::Lang,
    mail::Mail,
    model::{Cause, Subject, User, UserStatus, Username},
};
use cardea_seal::Secret;
use jiff::Timestamp;

use crate::{Applications, Notice, Page, Result, Rows, SearchPosition, UserPosition, UserSearch};

/// Adds a user.
pub struct AddUser {
    /// The user. A name (by its key) or subject that is taken is a `Conflict`.
    pub user: User,
    /// The hash of the password; without it no login by password.
    pub password_hash: Option<Secret<String>>,
    /// Who does it.
    pub cause: Cause,
}

/// The result of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// The user was added.
    Added,
    /// The name was seeded before, or exists; nothing was written (D19).
    Known,
}

/// What to change about a user; `None` leaves it unchanged.
#[derive(Default)]
pub struct UserUpdate {
    /// The user that e-mail, roles and claims were computed from. If one of the three is no longer the same, nothing is
    /// written (`ChangedMeanwhile`). `None` for values that don't depend on a reading.
    pub before: Option<Box<User>>,
    /// E-mail and whether it is verified; `Some(None)` removes it.
    pub email: Option<Option<(String, bool)>>,
    /// Roles.
    pub roles: Option<Vec<String>>,
    /// Claims, replaced as a whole.
    pub claims: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// The password's hash; audited as `password_changed`. It ends the user's sessions, and links to a new password or to another
    /// address do nothing any more.
    pub password_hash: Option<Secret<String>>,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// What becomes of the applications that act for the user, when a new password or `Disabled` ends the sessions.
    pub applications: Applications,
    /// Whether a new password is asked for at the next login. A new password takes it back.
    pub must_change_password: Option<bool>,
    /// When the account expires; `Some(None)` lifts it.
    pub expires_at: Option<Option<Timestamp>>,
    /// When the account is removed; `Some(None)` keeps it. A login keeps it, too.
    pub delete_at: Option<Option<Timestamp>>,
    /// The language; `Some(None)` leaves it to the browser.
    pub locale: Option<Option<Lang>>,
    /// Enabled or disabled. Disabling ends the user's sessions (with what hangs on them).
    pub status: Option<UserStatus>,
}

/// Changes a user.
pub struct UserChange {
    /// The user to change.
    pub subject: Subject,
    /// What.
    pub update: UserUpdate,
    /// Who does it.
    pub cause: Cause,
}

/// A user who wants to log in, with what proves it.
pub struct LoginUser {
    /// The user.
    pub user: User,
    /// The user's password; without it no login by password.
    pub password: Option<PasswordCredential>,
}

/// A password, as it is verified.
pub struct PasswordCredential {
    /// The hash: argon2id in PHC form, or an imported one.
    pub hash: Secret<String>,
    /// When the password was set. A session is only opened while it is still the same, see [`OpenSession`](crate::OpenSession).
    pub set_at: Timestamp,
}

/// A user, as an operator sees it.
pub struct UserView {
    /// The user.
    pub user: User,
    /// Whether the user can log in by a password.
    pub has_password: bool,
}

/// Adds a user by the link that was mailed at a sign-up. The link is single use: the subject is made with it.
pub struct SignUp {
    /// The user. The address is the confirmed one.
    pub add: AddUser,
    /// When the link expires. Until then it is kept that it was used, also when the user is removed.
    pub expires_at: Timestamp,
}

/// Users. Only [`Users::login_user`] reads a secret (D25).
#[async_trait]
pub trait Users: Send + Sync {
    /// One user.
    async fn user(&self, subject: &Subject) -> Result<Option<User>>;
    /// One user by name, ignoring case.
    async fn user_by_name(&self, username: &Username) -> Result<Option<User>>;
    /// One user by name, else by the verified address with which the user logs in, with the credentials that a login verifies.
    async fn login_user(&self, username: &Username) -> Result<Option<LoginUser>>;
    /// Whether the user has a password.
    async fn has_password(&self, subject: &Subject) -> Result<bool>;
    /// A page of users by name.
    async fn users(&self, page: Page<UserPosition>) -> Result<Rows<UserView, UserPosition>>;
    /// A page of the users that a search finds, the oldest first.
    async fn search_users(
        &self,
        search: &UserSearch,
        page: Page<SearchPosition>,
    ) -> Result<Rows<UserView, SearchPosition>>;
    /// Adds a user.
    async fn add_user(&self, command: AddUser) -> Result<()>;
    /// Adds a user who has confirmed the address, which is verified. One with which another user logs in is a `Conflict`, and so is
    /// a link that was used.
    async fn sign_up(&self, command: SignUp) -> Result<()>;
    /// Adds a user of the configuration file, once: a seed that was removed is not added again.
    async fn seed_user(&self, command: AddUser) -> Result<Seeded>;
    /// Changes a user. `false` when the user does not exist.
    async fn change_user(&self, command: UserChange) -> Result<bool>;
    /// Removes a user with all credentials, sessions, codes, grants and consents.
    async fn remove_user(&self, subject: Subject, cause: Cause) -> Result<bool>;
    /// Counts a failed login in the user's row, audited at most once a minute per user. From the tenth in a row on, the mail is written
    /// with their number, at most once an hour per user.
    async fn record_login_failure(
        &self,
        subject: Subject,
        mail: Option<Mail>,
        cause: Cause,
    ) -> Result<()>;
    /// Until when the user must wait, read again from the store. `None` when a login is allowed.
    async fn locked_until(&self, subject: &Subject) -> Result<Option<Timestamp>>;
    /// What stands before salt and hash in the password hashes (`$argon2id$v=19$m=19456,t=2,p=1`), and how many users have each.
    async fn password_costs(&self) -> Result<Vec<(String, u64)>>;
    /// Replaces a password hash by one of the same password with today's cost; only if it is still `old`.
    async fn upgrade_password_hash(
        &self,
        subject: Subject,
        old: Secret<String>,
        new: Secret<String>,
    ) -> Result<()>;
}
