//! Mail that a write causes (D28): what is said, to whom, and what becomes of a try to send it. A mail has no text; it is
//! rendered from its template when it is sent.

mod address;
mod delivery;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{language::Lang, model::Subject};

pub use self::{
    address::{AddressError, EmailAddress},
    delivery::{Answer, judge},
};

/// The longest value, in characters.
const MAX_VALUE_CHARS: usize = 200;

macro_rules! templates {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a mail says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum MailTemplate {
            $($(#[$doc])* $name,)*
        }

        impl MailTemplate {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

templates! {
    /// To a new user: the link confirms the address and makes the account.
    SignUp,
    /// To the owner of an address that was used to sign up again.
    SignUpTaken,
    /// The link confirms an address.
    VerifyEmail,
    /// To the current address: a change to [`MailValue::Address`] was requested.
    EmailChangeRequested,
    /// To the owner of an address that another user asked for.
    EmailChangeTaken,
    /// To the address before: the link undoes the change to [`MailValue::Address`].
    EmailChangeOld,
    /// To the address that is the user's again; the link leads to a new password.
    EmailUndone,
    /// To the address that is no longer the user's.
    EmailUndoneOther,
    /// The user said "it wasn't me"; the link leads to a new password.
    AccountSecured,
    /// The link leads to a new password.
    PasswordReset,
    /// The password was changed; the link is for a user who did not change it.
    PasswordChanged,
    /// An account is ready; the link leads to its first password.
    Invitation,
    /// The link accepts an invitation of [`MailValue::Inviter`] to [`MailValue::Organization`].
    OrganizationInvitation,
    /// [`MailValue::Count`] logins have failed.
    ManyFailures,
    /// A login from [`MailValue::Device`]; the link is for a user who did not log in.
    NewDevice,
    /// [`MailValue::Factor`] was added; the link is for a user who did not add it.
    FactorAdded,
    /// [`MailValue::Factor`] was removed; the link is for a user who did not remove it.
    FactorRemoved,
    /// The link removes all second factors, from [`MailValue::Time`] on and with the password; an administrator sends it.
    FactorReset,
    /// An administrator requested that all second factors are removed, from [`MailValue::Time`] on.
    FactorResetRequested,
    /// All second factors were removed.
    FactorsReset,
    /// [`MailValue::Count`] backup codes are left.
    BackupCodesLow,
    /// An account at [`MailValue::Provider`] was linked; the link is for a user who did not link it.
    AccountLinked,
    /// An account at [`MailValue::Provider`] was unlinked.
    AccountUnlinked,
    /// The account will be deleted at [`MailValue::Time`]; the link keeps it.
    AccountDeletion,
    /// The account was deleted.
    AccountDeleted,
    /// An operator tests the configuration.
    Test,
}

impl MailTemplate {
    /// The name in rows, logs and file names.
    #[must_use]
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => String::new(),
        }
    }
}

/// What a template may mention besides its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailValue {
    /// The user's name.
    User,
    /// Another address than the receiver's.
    Address,
    /// When it happened, or will.
    Time,
    /// A browser and its system.
    Device,
    /// An IP address.
    Network,
    /// A number.
    Count,
    /// The name of a second factor or passkey.
    Factor,
    /// The name of an organization.
    Organization,
    /// Who invites.
    Inviter,
    /// The name of another provider.
    Provider,
}

impl MailValue {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::User,
        Self::Address,
        Self::Time,
        Self::Device,
        Self::Network,
        Self::Count,
        Self::Factor,
        Self::Organization,
        Self::Inviter,
        Self::Provider,
    ];

    /// The name in rows and templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Address => "address",
            Self::Time => "time",
            Self::Device => "device",
            Self::Network => "network",
            Self::Count => "count",
            Self::Factor => "factor",
            Self::Organization => "organization",
            Self::Inviter => "inviter",
            Self::Provider => "provider",
        }
    }
}

/// The link of a mail. Its token is sealed: whoever reads the store can't use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailLink {
    /// The page, without the issuer, such as `/password_reset`.
    pub path: String,
    /// The token, sealed for this mail.
    pub sealed_token: String,
    /// After that the link does nothing, and the mail is not sent any more.
    pub expires_at: Timestamp,
}

/// A mail, as the outbox has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    to: EmailAddress,
    template: MailTemplate,
    lang: Lang,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Subject>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<MailValue, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<MailLink>,
}

impl Mail {
    /// A mail without values and link.
    #[must_use]
    pub fn new(to: EmailAddress, template: MailTemplate, lang: Lang) -> Self {
        Self {
            to,
            template,
            lang,
            subject: None,
            values: BTreeMap::new(),
            link: None,
        }
    }

    /// Of this user: a mail that can't be delivered is in the audit of the user.
    #[must_use]
    pub fn of(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// With a value. It is cut to 200 characters on one line: it may be what a stranger entered.
    #[must_use]
    pub fn with(mut self, name: MailValue, value: &str) -> Self {
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let line = value.chars().map(|c| if breaks(c) { ' ' } else { c });
        let line: String = line.take(MAX_VALUE_CHARS).collect();
        self.values.insert(name, line.trim().to_owned());
        self
    }

    /// With the time at which it happened, or will. It is written in the language of the mail.
    #[must_use]
    pub fn at(self, time: Timestamp) -> Self {
        self.with(MailValue::Time, &time.to_string())
    }

    /// With a link.
    #[must_use]
    pub fn link_to(mut self, link: MailLink) -> Self {
        self.link = Some(link);
        self
    }

    /// The receiver.
    #[must_use]
    pub fn to(&self) -> &EmailAddress {
        &self.to
    }

    /// What it says.
    #[must_use]
    pub fn template(&self) -> MailTemplate {
        self.template
    }

    /// Its language.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// The user whose mail it is; none of somebody who has no account yet.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// A value.
    #[must_use]
    pub fn value(&self, name: MailValue) -> Option<&str> {
        self.values.get(&name).map(String::as_str)
    }

    /// The time that it mentions.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.value(MailValue::Time)?.parse().ok()
    }

    /// Its link.
    #[must_use]
    pub fn link(&self) -> Option<&MailLink> {
        self.link.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::now;

    #[test]
    fn a_value_is_one_bounded_line() {
        let to = EmailAddress::parse("alice@example.com").unwrap();
        let mail = Mail::new(to, MailTemplate::NewDevice, Lang::En)
            .with(MailValue::User, " Eve\r\nBcc: bob@example.com\u{2028}x\0 ")
            .with(MailValue::Device, &"ü".repeat(1000))
            .at(now());
        assert_eq!(
            mail.value(MailValue::User),
            Some("Eve  Bcc: bob@example.com x")
        );
        let device = mail.value(MailValue::Device).unwrap();
        assert_eq!(device.chars().count(), MAX_VALUE_CHARS);
        assert_eq!(mail.time(), Some(now()));
        assert_eq!(mail.value(MailValue::Count), None);
    }

    #[test]
    fn a_mail_is_read_back_as_it_was_written() {
        let to = EmailAddress::parse("alice@example.com").unwrap();
        for template in MailTemplate::ALL {
            let mail = Mail::new(to.clone(), *template, Lang::Fr)
                .with(MailValue::User, "Ålice")
                .link_to(MailLink {
                    path: "/password_reset".to_owned(),
                    sealed_token: "x".to_owned(),
                    expires_at: now(),
                });
            let json = serde_json::to_string(&mail).unwrap();
            assert!(json.contains(&format!("\"template\":\"{}\"", template.name())));
            assert_eq!(serde_json::from_str::<Mail>(&json).unwrap(), mail);
        }
    }
}
