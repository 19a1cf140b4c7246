//! Roles, groups and organizations.

use cardea_protocol::{
    model::{AuditEvent, MetadataError, OrganizationId, Owner, Subject},
    roles::Role,
};

use super::AuditEntry;
use crate::{Constraint, Result, StoreError};

/// D19: what the file defines is read-only here.
pub fn may_change_named(name: &str, owner: Owner) -> Result<()> {
    match owner {
        Owner::Store => Ok(()),
        Owner::File => Err(StoreError::conflict(Constraint::OwnedByFile(
            name.to_owned(),
        ))),
    }
}

/// D19: the same name in file and store prevents the start.
pub fn is_new_name_in_file(name: &str, stored: Option<Owner>) -> Result<bool> {
    match stored {
        None => Ok(true),
        Some(Owner::File) => Ok(false),
        Some(Owner::Store) => Err(StoreError::conflict(Constraint::OwnedByStore(
            name.to_owned(),
        ))),
    }
}

/// D4: a change is written only if what is stored is as it was read.
pub fn may_follow<T: PartialEq>(before: &T, stored: &T) -> Result<()> {
    match before == stored {
        true => Ok(()),
        false => Err(StoreError::conflict(Constraint::ChangedMeanwhile)),
    }
}

/// More than tokens can carry.
pub fn too_large(error: &MetadataError) -> StoreError {
    StoreError::conflict(Constraint::TooLarge(error.problem.clone()))
}

/// A role was added, changed or removed.
pub fn role_event(event: AuditEvent, role: &Role) -> AuditEntry<'_> {
    AuditEntry {
        client_id: role.client.as_ref(),
        ..AuditEntry::new(event).detail(role.name.as_str())
    }
}

/// A group was added, changed or removed.
pub fn group_event(event: AuditEvent, name: &str) -> AuditEntry<'_> {
    AuditEntry::new(event).detail(name)
}

/// A user was added to a group, or removed from it.
pub fn group_member<'a>(name: &'a str, subject: &'a Subject, member: bool) -> AuditEntry<'a> {
    let event = match member {
        true => AuditEvent::GroupMemberAdded,
        false => AuditEvent::GroupMemberRemoved,
    };
    AuditEntry::of_user(event, subject).detail(name)
}

/// An organization was added, changed, disabled, enabled or removed.
pub fn organization_event(event: AuditEvent, id: &OrganizationId) -> AuditEntry<'_> {
    AuditEntry::new(event).detail(id.as_str())
}

/// A member of an organization was added, changed or removed.
pub fn member_event<'a>(
    event: AuditEvent,
    id: &OrganizationId,
    subject: &'a Subject,
    what: &str,
) -> AuditEntry<'a> {
    AuditEntry::of_user(event, subject).detail(format!("{id}; {what}"))
}
