//! Audit events in the words of users. The detail of a row is for operators, and is not shown.

use cardea_protocol::model::AuditEvent;

use crate::i18n::Key;

/// What happened. An event without a text of its own, also of another version, is "another change".
pub(super) fn key(event: Option<AuditEvent>) -> Key {
    use AuditEvent as E;

    let Some(event) = event else {
        return Key("activity-other");
    };
    match event {
        E::Login => Key("activity-login"),
        E::LoginFailed => Key("activity-login-failed"),
        E::SteppedUp => Key("activity-stepped-up"),
        E::Logout => Key("activity-logout"),
        E::SessionEnded => Key("activity-session-ended"),
        E::LoginDisowned => Key("activity-login-disowned"),
        E::ConsentGiven => Key("activity-consent-given"),
        E::ConsentRevoked | E::GrantRevoked => Key("activity-access-revoked"),
        E::TokenRevoked => Key("activity-token-revoked"),
        E::CodeReused | E::RefreshReuse | E::RefreshForeignClient | E::RefreshAhead => {
            Key("activity-copied")
        }
        E::RefreshRetriedLate | E::RefreshRetriedOften | E::RefreshAnomaly => {
            Key("activity-unusual")
        }
        E::UserAdded => Key("activity-user-added"),
        E::UserChanged => Key("activity-user-changed"),
        E::UserDisabled => Key("activity-user-disabled"),
        E::DeletionRequested => Key("activity-deletion-requested"),
        E::DeletionCancelled => Key("activity-deletion-cancelled"),
        E::DataExported => Key("activity-data-exported"),
        E::UserEnabled => Key("activity-user-enabled"),
        E::PasswordChanged => Key("activity-password-changed"),
        E::LinkMade => Key("activity-link-made"),
        E::InvitationUsed => Key("activity-invitation-used"),
        E::EmailVerified => Key("activity-email-verified"),
        E::EmailUndone => Key("activity-email-undone"),
        E::AccountLinked => Key("activity-account-linked"),
        E::AccountUnlinked => Key("activity-account-unlinked"),
        E::FactorAdded => Key("activity-factor-added"),
        E::FactorRemoved | E::FactorsReset => Key("activity-factor-removed"),
        E::FactorResetRequested => Key("activity-factor-reset-requested"),
        E::FactorResetCancelled => Key("activity-factor-reset-cancelled"),
        E::FactorFailed => Key("activity-factor-failed"),
        E::BackupCodesMade => Key("activity-backup-codes-made"),
        E::BackupCodeUsed => Key("activity-backup-code-used"),
        E::DeviceTrusted => Key("activity-device-trusted"),
        E::DeviceForgotten => Key("activity-device-forgotten"),
        E::GroupMemberAdded
        | E::GroupMemberRemoved
        | E::OrganizationMemberAdded
        | E::OrganizationMemberChanged
        | E::OrganizationMemberRemoved => Key("activity-membership"),
        E::MailUndelivered => Key("activity-mail-undelivered"),
        E::LogoutUndelivered => Key("activity-logout-undelivered"),
        _ => Key("activity-other"),
    }
}
