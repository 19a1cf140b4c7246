use askama::Template;

use crate::{
    i18n::Key,
    pages::{Shell, UserLine, csp},
    password_reset,
};

/// The form for another password, on the way of a login.
#[derive(Template)]
#[template(path = "new_password/page.html")]
pub(crate) struct NewPasswordPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The sealed ticket.
    pub(crate) ticket: &'a str,
    pub(crate) csrf: &'a str,
    pub(crate) user: UserLine<'a>,
    pub(crate) problem: Option<Problem>,
    /// The link to begin again, below the host.
    pub(crate) restart: Option<&'a str>,
}

/// Why the password was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It is the present one.
    Same,
    /// By the rules of new passwords.
    New(password_reset::page::Problem),
}

impl Problem {
    /// What the user reads.
    fn key(self) -> Key {
        match self {
            Self::Same => Key("password-change-same"),
            Self::New(problem) => problem.key(),
        }
    }
}

impl NewPasswordPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;
}

#[cfg(test)]
impl NewPasswordPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |username, problem| Self {
            shell: Shell::sample(),
            ticket: "v1.ticket",
            csrf: "csrf",
            user: UserLine {
                name: None,
                username,
            },
            problem,
            restart: Some("/login"),
        };
        let common = Problem::New(password_reset::page::Problem::Common);
        vec![
            ("new_password_due", page("alice", None)),
            ("new_password_due_same", page("alice", Some(Problem::Same))),
            (
                "new_password_due_hostile",
                page(crate::pages::HOSTILE, Some(common)),
            ),
        ]
    }
}
