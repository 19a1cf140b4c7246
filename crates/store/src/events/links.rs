//! Links for one use, and what they do.

use cardea_protocol::model::{AuditEvent, LinkPurpose, Subject};

use super::{AuditEntry, word};
use crate::LinkEffect;

/// A link was made.
pub fn link_made(subject: &Subject, purpose: LinkPurpose) -> AuditEntry<'_> {
    AuditEntry::of_user(AuditEvent::LinkMade, subject).detail(word(purpose))
}

/// A link was used. That of a new password is audited as any other new password.
pub fn link_used<'a>(subject: &'a Subject, effect: &LinkEffect) -> Option<AuditEntry<'a>> {
    let event = match effect {
        LinkEffect::SetPassword(_) => return None,
        LinkEffect::VerifyEmail => AuditEvent::EmailVerified,
        LinkEffect::UndoEmail => AuditEvent::EmailUndone,
        LinkEffect::NotMe => AuditEvent::LoginDisowned,
    };
    Some(AuditEntry::of_user(event, subject))
}

impl LinkEffect {
    /// The links that have this effect.
    #[must_use]
    pub fn purposes(&self) -> &'static [LinkPurpose] {
        match self {
            Self::SetPassword(_) => &[LinkPurpose::PasswordReset, LinkPurpose::Invite],
            Self::VerifyEmail => &[LinkPurpose::VerifyEmail],
            Self::UndoEmail => &[LinkPurpose::EmailUndo],
            Self::NotMe => &[LinkPurpose::NotMe],
        }
    }

    /// Whether everybody who can use the account now is locked out.
    #[must_use]
    pub fn locks_out(&self) -> bool {
        matches!(self, Self::UndoEmail | Self::NotMe)
    }
}
