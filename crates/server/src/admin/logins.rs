//! Whether a user can log in.

use cardea_protocol::model::UserStatus;
use cardea_store::{MAX_PAGE, Page, Store, StoreError};

/// Whether a user can log in, and else why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logins {
    /// A user can.
    Possible,
    /// There are no users.
    NoUsers,
    /// All users are disabled.
    Disabled,
    /// Those who are enabled have no password.
    NoPassword,
}

impl Logins {
    /// What to do if no user can log in.
    #[must_use]
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Self::Possible => None,
            Self::NoUsers => Some(
                "no user can log in yet: the link on standard output leads to the first account; or add a user with: cardea user add NAME",
            ),
            Self::Disabled => Some(
                "no user can log in: all are disabled; enable one with: cardea user enable NAME, or add one with: cardea user add NAME",
            ),
            Self::NoPassword => Some(
                "no user can log in: none that is enabled has a password; set one with: cardea user password NAME",
            ),
        }
    }
}

impl Logins {
    /// Reads the users of a store until it finds one who can log in.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let mut page = Page::first(MAX_PAGE);
        let mut logins = Self::NoUsers;
        loop {
            let users = store.users(page.clone()).await?;
            for view in users.items {
                logins = match (view.user.status, view.has_password) {
                    (UserStatus::Enabled, true) => return Ok(Self::Possible),
                    (UserStatus::Enabled, false) => Self::NoPassword,
                    (UserStatus::Disabled, _) if logins == Self::NoUsers => Self::Disabled,
                    (UserStatus::Disabled, _) => logins,
                };
            }
            page.after = users.next;
            if page.after.is_none() {
                return Ok(logins);
            }
        }
    }
}
