use cardea_protocol::model::{AuditEvent, SessionEnd, UserStatus};
use cardea_seal::Secret;

use super::*;
use crate::{
    UserUpdate,
    contract::sample::{cause, session, user},
};

fn change(update: UserUpdate) -> UserChange {
    UserChange {
        subject: user("alice").subject,
        update,
        cause: cause(0),
    }
}

fn events(effects: &UserEffects<'_>) -> Vec<AuditEvent> {
    effects.entries.iter().map(|entry| entry.event).collect()
}

#[test]
fn a_change_of_a_user_writes_a_row_of_each_kind() {
    let command = change(UserUpdate {
        roles: Some(Vec::new()),
        password_hash: Some(Secret::new("new".to_owned())),
        status: Some(UserStatus::Disabled),
        ..UserUpdate::default()
    });
    let effects = user_changed(&command, UserStatus::Enabled);
    let expected = [
        AuditEvent::UserChanged,
        AuditEvent::PasswordChanged,
        AuditEvent::UserDisabled,
    ];
    assert_eq!(events(&effects), expected);
    assert_eq!(effects.status, Some(UserStatus::Disabled));
    assert!(effects.log_out.is_some());
}

#[test]
fn what_does_not_change_has_no_effect() {
    for status in [UserStatus::Enabled, UserStatus::Disabled] {
        let command = change(UserUpdate {
            status: Some(status),
            ..UserUpdate::default()
        });
        let effects = user_changed(&command, status);
        assert!(effects.entries.is_empty() && effects.status.is_none());
        assert!(effects.log_out.is_none());
    }
}

#[test]
fn a_new_password_and_disabling_end_the_sessions() {
    let of = |update: UserUpdate, before| {
        let command = change(update);
        let end = user_changed(&command, before).log_out;
        end.map(|end| (end.why, end.applications))
    };
    let keep = Some((SessionEnd::Operator, Applications::Keep));
    let password = UserUpdate {
        password_hash: Some(Secret::new("new".to_owned())),
        applications: Applications::Keep,
        ..UserUpdate::default()
    };
    assert_eq!(of(password, UserStatus::Enabled), keep);
    let status = |status| UserUpdate {
        status: Some(status),
        applications: Applications::Keep,
        ..UserUpdate::default()
    };
    assert_eq!(of(status(UserStatus::Disabled), UserStatus::Enabled), keep);
    assert_eq!(of(status(UserStatus::Enabled), UserStatus::Disabled), None);
    let email = UserUpdate {
        email: Some(None),
        ..UserUpdate::default()
    };
    assert_eq!(of(email, UserStatus::Enabled), None);
}

#[test]
fn a_browser_has_one_session() {
    let (alice, bob) = (user("alice"), user("bob"));
    let new = session("new", &alice, 0);
    let of = |before, alive| previous_session(&new, before, alive);
    assert_eq!(of(&alice.subject, true), Previous::Kept);
    assert_eq!(of(&bob.subject, true), Previous::Ends(SessionEnd::Replaced));
    for user in [&alice, &bob] {
        let ended = Previous::Ends(SessionEnd::Expired);
        assert_eq!(of(&user.subject, false), ended);
    }
}

#[test]
fn only_a_logout_is_audited_as_one() {
    let alice = user("alice").subject;
    let ends = [
        (SessionEnd::Logout, AuditEvent::Logout, "logout"),
        (SessionEnd::Remote, AuditEvent::SessionEnded, "remote"),
        (SessionEnd::Replaced, AuditEvent::SessionEnded, "replaced"),
        (SessionEnd::Operator, AuditEvent::SessionEnded, "operator"),
        (SessionEnd::Expired, AuditEvent::SessionEnded, "expired"),
    ];
    for (why, event, word) in ends {
        let entry = session_ended(&alice, why, 2);
        let detail = format!("{word}; grants revoked: 2");
        assert_eq!((entry.event, entry.subject), (event, Some(&alice)));
        assert_eq!(entry.detail.as_deref(), Some(detail.as_str()));
    }
}

#[test]
fn everything_of_a_user_is_revoked_only_with_all_sessions() {
    let alice = user("alice").subject;
    let of = |which, applications| {
        let command = EndSessions {
            which,
            why: SessionEnd::Operator,
            applications,
            cause: cause(0),
        };
        revokes_all_of(&command).is_some()
    };
    let session = session("one", &user("alice"), 0);
    assert!(of(EndWhich::Subject(alice.clone()), Applications::Revoke));
    assert!(!of(EndWhich::Subject(alice.clone()), Applications::Keep));
    assert!(!of(EndWhich::Id(session.id), Applications::Revoke));
    assert!(!of(
        EndWhich::Sid(session.sid, Some(alice)),
        Applications::Revoke
    ));
}

#[test]
fn nothing_revoked_is_no_row() {
    let alice = user("alice").subject;
    assert_eq!(applications_revoked(&alice, 0), None);
    let entry = applications_revoked(&alice, 3).unwrap();
    assert_eq!(entry.event, AuditEvent::GrantRevoked);
    assert_eq!(entry.detail.as_deref(), Some("operator; grants revoked: 3"));
}
