//! Many users at once, into the store and out of it.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, User};
use cardea_seal::Secret;

use crate::{Constraint, Page, Result, Rows, UserPosition};

/// A user with the hash of the password.
#[derive(Clone)]
pub struct PortableUser {
    /// The user.
    pub user: User,
    /// The hash; without it no login by password.
    pub password_hash: Option<Secret<String>>,
}

/// Adds users.
pub struct ImportUsers {
    /// The users.
    pub users: Vec<PortableUser>,
    /// Only finds out what would happen: nothing is written.
    pub dry_run: bool,
    /// Who does it.
    pub cause: Cause,
}

/// What became of one user of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// The user was added.
    Added,
    /// Another user has the name, the subject, or a name that looks like this one. Nothing was changed.
    Refused(Constraint),
}

/// Import and export.
#[async_trait]
pub trait Imports: Send + Sync {
    /// Adds users in one transaction, each as [`Users::add_user`](crate::Users::add_user) does; one that contradicts what is stored, or
    /// one before it, is refused without the others. The results are in the order of the users.
    async fn import_users(&self, command: ImportUsers) -> Result<Vec<Imported>>;
    /// A page of users by name, with the hashes of their passwords.
    async fn export_users(
        &self,
        page: Page<UserPosition>,
    ) -> Result<Rows<PortableUser, UserPosition>>;
}
