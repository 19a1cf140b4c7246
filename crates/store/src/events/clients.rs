//! Clients and signing keys.

use cardea_protocol::model::{AuditEvent, Client, ClientId, ClientStatus, KeyState, Owner};

use super::AuditEntry;
use crate::{ClientChange, Constraint, PutClient, Result, StoreError};

/// D19: clients of the file are read-only here.
pub fn may_change(id: &ClientId, owner: Owner) -> Result<()> {
    match owner {
        Owner::Store => Ok(()),
        Owner::File => Err(StoreError::conflict(Constraint::ClientOfFile(id.clone()))),
    }
}

/// Whether a client can be written when the stored one of this id has this owner. `false` when it must exist and does not.
pub fn may_put(command: &PutClient, stored: Option<Owner>) -> Result<bool> {
    let id = command.client.id();
    may_change(id, command.client.owner())?;
    match (&command.change, stored) {
        (ClientChange::Add, None) => Ok(true),
        (ClientChange::Add, Some(_)) => Err(StoreError::conflict(Constraint::ClientId)),
        (_, None) => Ok(false),
        (_, Some(owner)) => may_change(id, owner).map(|()| true),
    }
}

/// Whether a client of the file is new, when the stored one of this id has this owner.
pub fn is_new_in_file(id: &ClientId, stored: Option<Owner>) -> Result<bool> {
    match stored {
        None => Ok(true),
        Some(Owner::File) => Ok(false),
        // D19: the same id in file and store prevents the start.
        Some(Owner::Store) => Err(StoreError::conflict(Constraint::ClientOfStore(id.clone()))),
    }
}

/// A client was written.
pub fn client_put<'a>(id: &'a ClientId, change: &ClientChange) -> AuditEntry<'a> {
    match change {
        ClientChange::Add => client_added(id),
        ClientChange::Change(_) => client_changed(id),
        ClientChange::Secret(_) => AuditEntry::of_client(AuditEvent::ClientSecretChanged, id),
    }
}

/// A client was added.
pub fn client_added(id: &ClientId) -> AuditEntry<'_> {
    AuditEntry::of_client(AuditEvent::ClientAdded, id)
}

/// The metadata of a client were changed.
pub fn client_changed(id: &ClientId) -> AuditEntry<'_> {
    AuditEntry::of_client(AuditEvent::ClientChanged, id)
}

/// D4: a change is written only if the client is as it was read.
pub fn client_may_follow(before: &Client, stored: &Client) -> Result<()> {
    let metadata = |client: &Client| {
        serde_json::to_value(client.metadata()).map_err(|e| StoreError::rejected(e.to_string()))
    };
    let same = before.secret_hash() == stored.secret_hash()
        && before.created_at() == stored.created_at()
        && metadata(before)? == metadata(stored)?;
    match same {
        true => Ok(()),
        false => Err(StoreError::conflict(Constraint::ChangedMeanwhile)),
    }
}

/// A client has another status than before.
pub fn client_status(id: &ClientId, status: ClientStatus) -> AuditEntry<'_> {
    let event = match status {
        ClientStatus::Enabled => AuditEvent::ClientEnabled,
        ClientStatus::Disabled => AuditEvent::ClientDisabled,
    };
    AuditEntry::of_client(event, id)
}

/// A client was removed.
pub fn client_removed(id: &ClientId) -> AuditEntry<'_> {
    AuditEntry::of_client(AuditEvent::ClientRemoved, id)
}

/// A key was added to the ring.
pub fn key_added(kid: &str) -> AuditEntry<'_> {
    AuditEntry::new(AuditEvent::KeyAdded).detail(kid)
}

/// A key was moved, or removed. `None` for moves that don't change which tokens are trusted.
pub fn key_moved(kid: &str, to: Option<KeyState>) -> Option<AuditEntry<'_>> {
    let event = match to {
        None => AuditEvent::KeyRemoved,
        Some(KeyState::Active) => AuditEvent::KeyActivated,
        Some(KeyState::Retired) => AuditEvent::KeyRetired,
        Some(KeyState::Next | KeyState::Hidden) => return None,
    };
    Some(AuditEntry::new(event).detail(kid))
}

#[cfg(test)]
#[path = "clients_tests.rs"]
mod tests;
