//! Second factors.

use cardea_protocol::model::{AuditEvent, Subject};

use super::AuditEntry;
use crate::{ForgetDevice, StepUpSession, TrustDevice, WhichFactors};

/// A wrong code was presented, and the last row about that is [`FAILURE_AUDIT_EVERY_MS`](super::FAILURE_AUDIT_EVERY_MS) old.
pub fn factor_failed(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::FactorFailed, subject)
}

/// An authenticator app was set up.
pub fn totp_added(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::FactorAdded, subject).detail("totp")
}

/// A passkey was added.
pub fn passkey_added(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::FactorAdded, subject).detail("passkey")
}

/// A passkey was removed.
pub fn passkey_removed(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::FactorRemoved, subject).detail("passkey")
}

/// Factors were removed.
pub fn factors_removed(subject: &Subject, which: WhichFactors) -> AuditEntry<'_> {
    match which {
        WhichFactors::Totp => {
            AuditEntry::of_user(AuditEvent::FactorRemoved, subject).detail("totp")
        }
        WhichFactors::All => AuditEntry::of_user(AuditEvent::FactorsReset, subject),
    }
}

/// An operator requested a reset: by a link, or by itself after a delay.
pub fn factor_reset_requested(subject: &Subject, by_link: bool) -> AuditEntry<'_> {
    let way = if by_link { "link" } else { "delayed" };
    AuditEntry::of_user(AuditEvent::FactorResetRequested, subject).detail(way)
}

/// A requested reset was cancelled.
pub fn factor_reset_cancelled(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::FactorResetCancelled, subject)
}

/// New backup codes were made.
pub fn backup_codes_made(subject: &Subject) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::BackupCodesMade, subject)
}

/// A backup code was used; so many are left.
pub fn backup_code_used(subject: &Subject, left: u32) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::BackupCodeUsed, subject).detail(format!("left: {left}"))
}

/// A second factor was added to a session.
pub fn stepped_up(command: &StepUpSession) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::SteppedUp, &command.subject).detail(&*command.context.acr)
}

/// A browser is trusted.
pub fn device_trusted(command: &TrustDevice) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::DeviceTrusted, &command.subject)
}

/// So many browsers are not trusted any more.
pub fn device_forgotten(command: &ForgetDevice, devices: u64) -> AuditEntry<'_> {
    let entry = AuditEntry::of_user(AuditEvent::DeviceForgotten, &command.subject);
    entry.detail(format!("devices: {devices}"))
}
