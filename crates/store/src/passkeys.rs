//! Passkeys (WebAuthn).

use async_trait::async_trait;
use cardea_protocol::model::{Cause, PasskeyId, Subject, User};
use cardea_seal::Digest;
use jiff::Timestamp;

use crate::{Notice, Result};

/// How many passkeys a user has at most.
pub const MAX_PASSKEYS: u32 = 20;

/// A passkey as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyView {
    /// Its identifier.
    pub id: PasskeyId,
    /// The name that the user gave it.
    pub label: String,
    /// Whether its private key can be on several devices.
    pub synced: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When somebody signed in with it for the last time.
    pub last_used_at: Option<Timestamp>,
}

/// A passkey as it is verified.
pub struct PasskeyCredential {
    /// Whose it is.
    pub user: User,
    /// What is stored of it, as JSON: public key, counter, flags.
    pub credential: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// Adds a passkey. Audited as `factor_added`.
pub struct AddPasskey {
    /// Whose.
    pub subject: Subject,
    /// Its identifier, which no other passkey has.
    pub id: PasskeyId,
    /// What is stored of it, as JSON.
    pub credential: String,
    /// Its name.
    pub label: String,
    /// Whether its private key can be on several devices.
    pub synced: bool,
    /// What is stored of the backup codes that come with it, if the user has none.
    pub backup_codes: Vec<Digest>,
    /// Whether the user must have no second factor: only then does the password set one up on the way of a sign-in.
    pub first: bool,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// Who does it.
    pub cause: Cause,
}

/// What became of a new passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyAdded {
    /// The user has it.
    Now {
        /// Whether the user has the backup codes.
        backup_codes: bool,
    },
    /// It is there already or is not the first factor, the user has [`MAX_PASSKEYS`] or is disabled: nothing was written.
    Refused,
}

/// Signs in with a passkey, once by each challenge.
pub struct UsePasskey {
    /// Whose.
    pub subject: Subject,
    /// Which.
    pub id: PasskeyId,
    /// What was stored of it when the signature was verified. Of two sign-ins at once that count on the same counter, one is refused.
    pub verified_with: String,
    /// What is stored of it from now on.
    pub credential: String,
    /// When the challenge was made. It must be later than that of the last sign-in.
    pub challenged_at: Timestamp,
    /// Who does it.
    pub cause: Cause,
}

/// Names a passkey.
pub struct RenamePasskey {
    /// Whose.
    pub subject: Subject,
    /// Which.
    pub id: PasskeyId,
    /// Its new name.
    pub label: String,
    /// Who does it.
    pub cause: Cause,
}

/// Removes a passkey. With the last second factor, backup codes and trusted devices go too. Audited as `factor_removed`.
pub struct RemovePasskey {
    /// Whose.
    pub subject: Subject,
    /// Which.
    pub id: PasskeyId,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// Who does it.
    pub cause: Cause,
}

/// What became of a passkey that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyRemoved {
    /// It is gone.
    Now,
    /// The user has no such passkey.
    Missing,
    /// The user has no password, no other passkey and no link to another provider: nothing was written.
    LastWayIn,
}

/// Passkeys.
#[async_trait]
pub trait Passkeys: Send + Sync {
    /// The passkey with this identifier, and whose it is.
    async fn passkey(&self, id: &PasskeyId) -> Result<Option<PasskeyCredential>>;
    /// Adds a passkey.
    async fn add_passkey(&self, command: AddPasskey) -> Result<PasskeyAdded>;
    /// Signs in with a passkey. `false` when it was removed or changed since it was verified, its user was disabled, or the challenge or
    /// a later one was used: nothing was written.
    async fn use_passkey(&self, command: UsePasskey) -> Result<bool>;
    /// Names a passkey. `false` when the user has no such one.
    async fn rename_passkey(&self, command: RenamePasskey) -> Result<bool>;
    /// Removes a passkey.
    async fn remove_passkey(&self, command: RemovePasskey) -> Result<PasskeyRemoved>;
}
