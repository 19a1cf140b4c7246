use cardea_protocol::model::{AuditEvent, ClientStatus, KeyState, Owner};

use super::*;
use crate::contract::sample::{client, client_of, conflict, put};

fn metadata() -> ClientChange {
    ClientChange::Change(Box::new(client("spa")))
}

fn secret() -> ClientChange {
    ClientChange::Secret(Box::new(client("spa")))
}

#[test]
fn a_client_is_written_only_by_its_owner() {
    let id = client("spa").id().clone();
    let of_file = || Err(conflict(Constraint::ClientOfFile(id.clone())));
    let taken = || Err(conflict(Constraint::ClientId));
    let cases = [
        (ClientChange::Add, None, Ok(true)),
        (ClientChange::Add, Some(Owner::Store), taken()),
        (ClientChange::Add, Some(Owner::File), taken()),
        (metadata(), None, Ok(false)),
        (metadata(), Some(Owner::Store), Ok(true)),
        (metadata(), Some(Owner::File), of_file()),
        (secret(), None, Ok(false)),
        (secret(), Some(Owner::Store), Ok(true)),
        (secret(), Some(Owner::File), of_file()),
    ];
    for (case, (change, stored, expected)) in cases.into_iter().enumerate() {
        let outcome = may_put(&put(client("spa"), change.clone(), 0), stored);
        assert_eq!(outcome, expected, "case {case}");
        let as_file = put(client_of("spa", Owner::File), change, 0);
        assert_eq!(may_put(&as_file, stored), of_file(), "case {case}");
    }
}

#[test]
fn the_file_takes_no_client_of_the_store() {
    let id = client("spa").id().clone();
    assert_eq!(is_new_in_file(&id, None), Ok(true));
    assert_eq!(is_new_in_file(&id, Some(Owner::File)), Ok(false));
    let conflict = conflict(Constraint::ClientOfStore(id.clone()));
    assert_eq!(is_new_in_file(&id, Some(Owner::Store)), Err(conflict));
}

#[test]
fn a_change_of_a_client_names_it() {
    let id = client("spa").id().clone();
    let entries = [
        (client_put(&id, &ClientChange::Add), AuditEvent::ClientAdded),
        (client_put(&id, &metadata()), AuditEvent::ClientChanged),
        (client_put(&id, &secret()), AuditEvent::ClientSecretChanged),
        (
            client_status(&id, ClientStatus::Enabled),
            AuditEvent::ClientEnabled,
        ),
        (
            client_status(&id, ClientStatus::Disabled),
            AuditEvent::ClientDisabled,
        ),
        (client_removed(&id), AuditEvent::ClientRemoved),
    ];
    for (entry, event) in entries {
        assert_eq!(entry, AuditEntry::of_client(event, &id));
    }
}

#[test]
fn a_key_is_audited_when_trust_changes() {
    let event = |to| key_moved("k1", to).map(|entry| (entry.event, entry.detail));
    let row = |event| Some((event, Some("k1".into())));
    assert_eq!(event(None), row(AuditEvent::KeyRemoved));
    assert_eq!(event(Some(KeyState::Active)), row(AuditEvent::KeyActivated));
    assert_eq!(event(Some(KeyState::Retired)), row(AuditEvent::KeyRetired));
    assert_eq!(event(Some(KeyState::Next)), None);
    assert_eq!(event(Some(KeyState::Hidden)), None);
}
