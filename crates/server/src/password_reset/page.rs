use askama::Template;

use crate::{
    i18n::Key,
    pages::{Shell, csp},
    passwords::{PasswordError, Weakness},
};

/// The request for a link to a new password.
#[derive(Template)]
#[template(path = "password_reset/ask.html")]
pub(crate) struct AskPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// Whether links are sent by mail. Otherwise an administrator gives them out.
    pub(crate) has_mail: bool,
    /// Whether a link was asked for.
    pub(crate) sent: bool,
}

/// The form for a new password, or what follows it.
#[derive(Template)]
#[template(path = "password_reset/new.html")]
pub(crate) struct NewPasswordPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// The token of the link.
    pub(crate) token: &'a str,
    /// Whether it is the first password.
    pub(crate) is_invitation: bool,
    /// For the password manager.
    pub(crate) username: &'a str,
    pub(crate) problem: Option<Problem>,
    /// Whether the password was set.
    pub(crate) done: bool,
}

/// Why a password was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Too short or too long.
    Length,
    /// A control character.
    Control,
    /// Made of public names.
    OwnNames,
    /// One of the most common ones.
    Common,
    /// A well-known phrase.
    Example,
    /// Neighbours on the keyboard, the alphabet, digits.
    Keyboard,
    /// One part, several times.
    Repeated,
    /// In a breach.
    Breached,
    /// A common password with a few changes.
    LikeCommon,
    /// One word.
    Word,
    /// First names and surnames.
    Names,
    /// A date or a year.
    Date,
    /// Easy to guess.
    Weak,
}

impl Problem {
    pub(crate) fn of(error: &PasswordError) -> Self {
        match error {
            PasswordError::Length => Self::Length,
            PasswordError::Control => Self::Control,
            PasswordError::OwnNames => Self::OwnNames,
            PasswordError::Common => Self::Common,
            PasswordError::Example => Self::Example,
            PasswordError::Keyboard => Self::Keyboard,
            PasswordError::Repeated => Self::Repeated,
            PasswordError::Breached => Self::Breached,
            PasswordError::Guessable { weakness, .. } => match weakness {
                Weakness::LikeCommon => Self::LikeCommon,
                Weakness::Row => Self::Keyboard,
                Weakness::Repeats => Self::Repeated,
                Weakness::Word => Self::Word,
                Weakness::Names => Self::Names,
                Weakness::Date => Self::Date,
                Weakness::Short => Self::Weak,
            },
            PasswordError::Hash | PasswordError::HashCost(_) => Self::Weak,
        }
    }

    /// What the user reads.
    pub(crate) fn key(self) -> Key {
        match self {
            Self::Length => Key("password-reset-length"),
            Self::Control => Key("password-reset-control"),
            Self::OwnNames => Key("password-reset-own-names"),
            Self::Common => Key("password-reset-common"),
            Self::Example => Key("password-reset-example"),
            Self::Keyboard => Key("password-reset-keyboard"),
            Self::Repeated => Key("password-reset-repeated"),
            Self::Breached => Key("password-reset-breached"),
            Self::LikeCommon => Key("password-reset-like-common"),
            Self::Word => Key("password-reset-word"),
            Self::Names => Key("password-reset-names"),
            Self::Date => Key("password-reset-date"),
            Self::Weak => Key("password-reset-weak"),
        }
    }
}

impl AskPage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

impl NewPasswordPage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

#[cfg(test)]
impl AskPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |has_mail, sent| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            has_mail,
            sent,
        };
        vec![
            ("password_reset", page(true, false)),
            ("password_reset_sent", page(true, true)),
            ("password_reset_without_mail", page(false, false)),
        ]
    }
}

#[cfg(test)]
impl NewPasswordPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |username, is_invitation, problem| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            token: "token",
            is_invitation,
            username,
            problem,
            done: false,
        };
        vec![
            ("new_password", page("alice", false, None)),
            ("new_password_invitation", page("alice", true, None)),
            (
                "new_password_weak",
                page("alice", false, Some(Problem::Weak)),
            ),
            (
                "new_password_done",
                Self {
                    done: true,
                    ..page("alice", false, None)
                },
            ),
            (
                "new_password_hostile",
                page(HOSTILE, true, Some(Problem::OwnNames)),
            ),
        ]
    }
}
