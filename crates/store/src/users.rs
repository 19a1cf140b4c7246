//! People.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, Subject, User, UserStatus, Username};
use cardea_seal::Secret;
use jiff::Timestamp;

use crate::{Page, Result};

/// Adds a person.
pub struct AddUser {
    /// The person. A name (by its key) or subject that is taken is a `Conflict`.
    pub user: User,
    /// Who does it.
    pub cause: Cause,
}

/// What became of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// The person was added.
    Added,
    /// The name was seeded before, or is there; nothing was touched (D19).
    Known,
}

/// What to change of a person; `None` leaves it.
#[derive(Default)]
pub struct UserUpdate {
    /// E-mail and whether it is verified; `Some(None)` removes it.
    pub email: Option<Option<(String, bool)>>,
    /// Roles.
    pub roles: Option<Vec<String>>,
    /// Claims, replaced as a whole.
    pub claims: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// The password's hash; audited as `password_changed`. It ends the person's sessions.
    pub password_hash: Option<Secret<String>>,
    /// Enabled or disabled. Disabling ends the person's sessions (with what hangs on them).
    pub status: Option<UserStatus>,
}

/// Changes a person.
pub struct UserChange {
    /// Who is changed.
    pub subject: Subject,
    /// What.
    pub update: UserUpdate,
    /// Who does it.
    pub cause: Cause,
}

/// People.
#[async_trait]
pub trait Users: Send + Sync {
    /// One person.
    async fn user(&self, subject: &Subject) -> Result<Option<User>>;
    /// One person by name, in any case.
    async fn user_by_name(&self, username: &Username) -> Result<Option<User>>;
    /// A page of people by name.
    async fn users(&self, page: Page) -> Result<Vec<User>>;
    /// Adds a person.
    async fn add_user(&self, command: AddUser) -> Result<()>;
    /// Adds a person of the configuration file, once and for all: a seed that was removed is not added again.
    async fn seed_user(&self, command: AddUser) -> Result<Seeded>;
    /// Changes a person. `false` when they aren't there.
    async fn change_user(&self, command: UserChange) -> Result<bool>;
    /// Removes a person with their sessions, codes, grants and consents.
    async fn remove_user(&self, subject: Subject, cause: Cause) -> Result<bool>;
    /// Counts a failed login in the person's row, audited; at most one audit row a minute for one person.
    async fn record_login_failure(&self, subject: Subject, cause: Cause) -> Result<()>;
    /// The time up to which the person must wait, read afresh: `None` when they may try.
    async fn locked_until(&self, subject: &Subject) -> Result<Option<Timestamp>>;
    /// Replaces a password hash by one of the same password with today's cost; only if it is still `old`.
    async fn upgrade_password_hash(
        &self,
        subject: Subject,
        old: Secret<String>,
        new: Secret<String>,
    ) -> Result<()>;
}
