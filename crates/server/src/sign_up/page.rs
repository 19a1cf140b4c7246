use askama::Template;

use crate::{
    i18n::Key,
    pages::{Shell, csp},
    password_reset,
};

/// The form of a sign-up, or what follows it.
#[derive(Template)]
#[template(path = "sign_up/page.html")]
pub(crate) struct SignUpPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// The sealed ticket of the journey that is continued afterwards.
    pub(crate) ticket: &'a str,
    pub(crate) view: View,
    pub(crate) entered: Entered<'a>,
}

/// What the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Form(Option<Problem>),
    /// A mail was sent.
    Sent,
    /// Only invited users make an account.
    NeedsInvitation,
    /// Addresses can't be confirmed.
    NoMail,
}

/// What was entered.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Entered<'a> {
    pub(crate) username: &'a str,
    pub(crate) email: &'a str,
}

/// Why a sign-up was not accepted. None depends on another account, but for a name that is taken, which only the owner of a confirmed
/// address reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It can't be a user name.
    Username,
    /// Another user has it, or one that looks like it.
    UsernameTaken,
    /// It is no address.
    Email,
    /// Addresses of its domain can't sign up.
    Domain,
    /// The password can't be taken.
    Password(password_reset::page::Problem),
}

impl Problem {
    /// What the user reads.
    fn key(self) -> Key {
        match self {
            Self::Username => Key("sign-up-username-bad"),
            Self::UsernameTaken => Key("sign-up-username-taken"),
            Self::Email => Key("sign-up-email-bad"),
            Self::Domain => Key("sign-up-domain"),
            Self::Password(problem) => problem.key(),
        }
    }

    /// Its text, if it is about the user name.
    pub(crate) fn of_username(self) -> Option<Key> {
        matches!(self, Self::Username | Self::UsernameTaken).then(|| self.key())
    }

    /// Its text, if it is about the address.
    pub(crate) fn of_email(self) -> Option<Key> {
        matches!(self, Self::Email | Self::Domain).then(|| self.key())
    }

    /// Its text, if it is about the password.
    pub(crate) fn of_password(self) -> Option<Key> {
        matches!(self, Self::Password(_)).then(|| self.key())
    }
}

impl SignUpPage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;

    fn problem(&self) -> Option<Problem> {
        match self.view {
            View::Form(problem) => problem,
            _ => None,
        }
    }

    fn of_username(&self) -> Option<Key> {
        self.problem()?.of_username()
    }

    fn of_email(&self) -> Option<Key> {
        self.problem()?.of_email()
    }

    fn of_password(&self) -> Option<Key> {
        self.problem()?.of_password()
    }
}

#[cfg(test)]
impl SignUpPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |view| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            ticket: "ticket",
            view,
            entered: Entered::default(),
        };
        let wrong = |problem| Self {
            entered: Entered {
                username: "carol",
                email: "carol@example.test",
            },
            ..page(View::Form(Some(problem)))
        };
        let weak = Problem::Password(password_reset::page::Problem::Weak);
        vec![
            ("sign_up", page(View::Form(None))),
            ("sign_up_bad_name", wrong(Problem::Username)),
            ("sign_up_bad_email", wrong(Problem::Email)),
            ("sign_up_domain", wrong(Problem::Domain)),
            ("sign_up_weak", wrong(weak)),
            ("sign_up_sent", page(View::Sent)),
            ("sign_up_invitation", page(View::NeedsInvitation)),
            ("sign_up_without_mail", page(View::NoMail)),
            (
                "sign_up_hostile",
                Self {
                    csrf: HOSTILE,
                    ticket: HOSTILE,
                    entered: Entered {
                        username: HOSTILE,
                        email: HOSTILE,
                    },
                    ..page(View::Form(Some(weak)))
                },
            ),
        ]
    }
}
