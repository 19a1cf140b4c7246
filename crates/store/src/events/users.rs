//! Users, their sessions, and the clients that are notified of an end.

use cardea_protocol::model::{AuditEvent, Session, SessionEnd, Subject, User, UserStatus};

use super::{APPLICATIONS, AuditEntry, word};
use crate::{Applications, Constraint, EndSessions, EndWhich, Result, StoreError, UserChange};

/// A user was added.
pub fn user_added(user: &User) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::UserAdded, &user.subject)
}

/// A user was removed.
pub fn user_removed(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::UserRemoved, subject)
}

/// A user asked for the removal of the account.
pub fn deletion_requested(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::DeletionRequested, subject)
}

/// A login kept an account that was to be removed.
pub fn deletion_cancelled(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::DeletionCancelled, subject)
}

/// A user changed the password.
pub fn password_changed(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::PasswordChanged, subject)
}

/// The data of a user was read as a whole.
pub fn data_exported(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::DataExported, subject)
}

/// A login failed, and the last row about that is [`FAILURE_AUDIT_EVERY_MS`] old.
pub fn login_failed(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::LoginFailed, subject)
}

/// What the change of a user means in addition to the new values.
pub struct UserEffects<'a> {
    /// The rows to write.
    pub entries: Vec<AuditEntry<'a>>,
    /// The status to write, if it changes.
    pub status: Option<UserStatus>,
    /// Known devices are forgotten, and these sessions end: all who knew the old password, or used the disabled user, are
    /// logged out.
    pub log_out: Option<EndSessions>,
}

/// Changes a user who had this status.
pub fn user_changed(command: &UserChange, before: UserStatus) -> UserEffects<'_> {
    let UserChange {
        subject,
        update,
        cause,
    } = command;
    let status = update.status.filter(|status| *status != before);
    let limits = update.must_change_password.is_some() || update.expires_at.is_some();
    let fields =
        limits || update.email.is_some() || update.roles.is_some() || update.claims.is_some();
    let password = update.password_hash.is_some();
    let of_status = status.map(|status| match status {
        UserStatus::Enabled => AuditEvent::UserEnabled,
        UserStatus::Disabled => AuditEvent::UserDisabled,
    });
    let events = [
        fields.then_some(AuditEvent::UserChanged),
        password.then_some(AuditEvent::PasswordChanged),
        of_status,
    ];
    let locked_out = password || status == Some(UserStatus::Disabled);
    UserEffects {
        entries: events
            .into_iter()
            .flatten()
            .map(|event| AuditEntry::of_user(event, subject))
            .collect(),
        status,
        log_out: locked_out.then(|| EndSessions {
            which: EndWhich::Subject(subject.clone()),
            why: SessionEnd::Operator,
            applications: update.applications,
            cause: cause.clone(),
        }),
    }
}

/// D4: a change is written only if the user is as it was read.
pub fn user_may_follow(before: &User, stored: &User) -> Result<()> {
    let fields = |user: &User| {
        let User {
            email,
            email_verified,
            roles,
            claims,
            ..
        } = user.clone();
        (email, email_verified, roles, claims)
    };
    match fields(before) == fields(stored) {
        true => Ok(()),
        false => Err(StoreError::conflict(Constraint::ChangedMeanwhile)),
    }
}

/// A session was opened.
pub fn login(session: &Session) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::Login, &session.subject)
}

/// What becomes of the session that a browser had, at a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Previous {
    /// It gets the new cookie and keeps its `sid`.
    Kept,
    /// It ends.
    Ends(SessionEnd),
}

/// D8: one user per browser. The live session of the same user is kept; any other one ends.
pub fn previous_session(new: &Session, before: &Subject, alive: bool) -> Previous {
    match alive {
        true if *before == new.subject => Previous::Kept,
        true => Previous::Ends(SessionEnd::Replaced),
        false => Previous::Ends(SessionEnd::Expired),
    }
}

/// A session ended, with so many grants.
pub fn session_ended(subject: &Subject, why: SessionEnd, grants: u64) -> AuditEntry<'_> {
    let event = match why {
        SessionEnd::Logout => AuditEvent::Logout,
        _ => AuditEvent::SessionEnded,
    };
    let detail = format!("{}; grants revoked: {grants}", word(why));
    AuditEntry::of_user(event, subject).detail(detail)
}

/// The user of whom everything is revoked, also what earlier sessions left behind, and whose known devices are forgotten.
pub fn revokes_all_of(command: &EndSessions) -> Option<&Subject> {
    match (&command.which, command.applications) {
        (EndWhich::Subject(subject) | EndWhich::OthersOf(subject, _), Applications::Revoke) => {
            Some(subject)
        }
        _ => None,
    }
}

/// So many grants that outlive their sessions were revoked with them.
pub fn applications_revoked(subject: &Subject, grants: u64) -> Option<AuditEntry<'_>> {
    let detail = format!("{}; grants revoked: {grants}", word(APPLICATIONS));
    let entry = AuditEntry::of_user(AuditEvent::GrantRevoked, subject).detail(detail);
    (grants > 0).then_some(entry)
}

#[cfg(test)]
#[path = "users_tests.rs"]
mod tests;
