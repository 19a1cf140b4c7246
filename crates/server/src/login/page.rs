use std::fmt;

use askama::Template;

use crate::pages::{AppLine, Shell, csp};

/// The login form.
#[derive(Template)]
#[template(path = "login/page.html")]
pub(crate) struct LoginPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The sealed ticket.
    pub(crate) ticket: &'a str,
    pub(crate) csrf: &'a str,
    /// The app that waits for this login; none when a user wants the account page.
    pub(crate) app: Option<AppLine<'a>>,
    /// The value of the field: the `login_hint`, or what was typed before.
    pub(crate) username: &'a str,
    pub(crate) problem: Option<LoginProblem>,
    /// Whether the user's sign-in changed since an earlier page was filled in.
    pub(crate) again: bool,
}

/// Why the form is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginProblem {
    /// Unknown name, wrong password, locked account: one answer for all.
    WrongNameOrPassword,
    /// There is no user name.
    NoUsername,
    /// There is no password.
    NoPassword,
    /// There is neither.
    Nothing,
    /// The limit was reached.
    TooManyAttempts {
        /// Until the next attempt may be made.
        minutes: u64,
    },
}

impl LoginPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;

    fn blames_username(&self) -> bool {
        use LoginProblem::{NoUsername, Nothing, WrongNameOrPassword};
        matches!(
            self.problem,
            Some(WrongNameOrPassword | NoUsername | Nothing)
        )
    }

    fn blames_password(&self) -> bool {
        use LoginProblem::{NoPassword, Nothing, WrongNameOrPassword};
        matches!(
            self.problem,
            Some(WrongNameOrPassword | NoPassword | Nothing)
        )
    }
}

impl LoginProblem {
    /// What is missing in the form, if anything is.
    pub(crate) fn missing(username: &str, password: &str) -> Option<Self> {
        match (username.trim().is_empty(), password.is_empty()) {
            (true, true) => Some(Self::Nothing),
            (true, false) => Some(Self::NoUsername),
            (false, true) => Some(Self::NoPassword),
            (false, false) => None,
        }
    }
}

impl fmt::Display for LoginProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongNameOrPassword => f.write_str("Incorrect user name or password."),
            Self::NoUsername => f.write_str("Enter your user name."),
            Self::NoPassword => f.write_str("Enter your password."),
            Self::Nothing => f.write_str("Enter your user name and your password."),
            Self::TooManyAttempts { minutes: 0 | 1 } => {
                f.write_str("Too many attempts. Please wait a minute, then try again.")
            }
            Self::TooManyAttempts { minutes } => {
                write!(
                    f,
                    "Too many attempts. Please wait {minutes} minutes, then try again."
                )
            }
        }
    }
}

#[cfg(test)]
impl LoginPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |app: Option<&'static str>, username, problem| Self {
            shell: Shell::sample(),
            ticket: "v1.ticket",
            csrf: "csrf",
            app: app.map(|name| AppLine { name, logo: None }),
            username,
            problem,
            again: false,
        };
        let again = Self {
            again: true,
            ..page(Some("Orders"), "", None)
        };
        let development = Self {
            shell: Shell::development_sample(),
            ..page(Some("Orders"), "", None)
        };
        let wrong = Some(LoginProblem::WrongNameOrPassword);
        let waiting = Some(LoginProblem::TooManyAttempts { minutes: 15 });
        vec![
            ("login", page(Some("Orders"), "", None)),
            ("login_development", development),
            ("login_account", page(None, "", None)),
            ("login_again", again),
            (
                "login_empty",
                page(Some("Orders"), "", Some(LoginProblem::Nothing)),
            ),
            (
                "login_no_password",
                page(Some("Orders"), "alice", Some(LoginProblem::NoPassword)),
            ),
            ("login_wrong", page(Some("Orders"), "alice", wrong)),
            ("login_waiting", page(Some("Orders"), "alice", waiting)),
            (
                "login_hostile",
                page(Some(crate::pages::HOSTILE), crate::pages::HOSTILE, None),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::LoginProblem;

    #[test]
    fn waiting_is_said_in_minutes() {
        let said = |minutes| LoginProblem::TooManyAttempts { minutes }.to_string();
        assert_eq!(said(0), said(1));
        assert!(said(1).contains("wait a minute"));
        assert!(said(15).contains("wait 15 minutes"));
    }
}
