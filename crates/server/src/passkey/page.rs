use askama::Template;

use crate::{
    i18n::{Key, Message},
    pages::{Shell, csp},
    webauthn::form::PasskeyForm,
};

/// The page that asks for a passkey.
#[derive(Template)]
#[template(path = "passkey/page.html")]
pub(crate) struct PasskeyPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) passkey: PasskeyForm,
    pub(crate) problem: Option<PasskeyProblem>,
    /// The page of the same step without a passkey, below the host.
    pub(crate) other_way: &'a str,
}

/// Why the form is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasskeyProblem {
    /// The passkey was not accepted.
    Refused,
    /// The limit was reached.
    TooManyAttempts {
        /// Until the next attempt may be made.
        minutes: u64,
    },
}

impl PasskeyProblem {
    fn text(self, shell: &Shell<'_>) -> Message<'static> {
        match self {
            Self::Refused => shell.t_with(Key("passkey-refused")),
            Self::TooManyAttempts { minutes } => {
                let minutes = minutes.max(1);
                shell.t_with("login-too-many").count("minutes", minutes)
            }
        }
    }
}

impl PasskeyPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT_WITH_PASSKEY;
}

#[cfg(test)]
impl PasskeyPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |problem| Self {
            shell: Shell::sample(),
            passkey: PasskeyForm::sample(false, true),
            problem,
            other_way: "/login?ticket=v1.ticket",
        };
        let waiting = PasskeyProblem::TooManyAttempts { minutes: 5 };
        vec![
            ("passkey", page(None)),
            ("passkey_refused", page(Some(PasskeyProblem::Refused))),
            ("passkey_waiting", page(Some(waiting))),
        ]
    }
}
