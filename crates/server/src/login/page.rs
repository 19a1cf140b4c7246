use askama::Template;

use crate::{
    federation::upstreams::Upstream,
    i18n::{Key, Message},
    pages::{AppLine, Shell, csp},
    webauthn::form::PasskeyForm,
};

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
    /// Whether only this user may sign in, before a sensitive change.
    pub(crate) fixed: bool,
    /// Whether "Stay signed in" is ticked, where it is offered.
    pub(crate) remember: Option<bool>,
    pub(crate) problem: Option<LoginProblem>,
    /// Whether the user's sign-in changed since an earlier page was filled in.
    pub(crate) again: bool,
    /// Whether a link to a new password can be mailed.
    pub(crate) can_reset: bool,
    /// Whether strangers can sign up.
    pub(crate) can_sign_up: bool,
    /// The other providers.
    pub(crate) upstreams: &'a [UpstreamButton<'a>],
    /// The form for a passkey; none where there are no passkeys.
    pub(crate) passkey: Option<PasskeyForm>,
    /// Whether an address by itself may lead to another provider.
    pub(crate) password_optional: bool,
}

/// The button of another provider.
pub(crate) struct UpstreamButton<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
}

impl<'a> UpstreamButton<'a> {
    pub(crate) fn of(upstream: &'a Upstream) -> Self {
        Self {
            id: upstream.id.as_str(),
            name: &upstream.name,
        }
    }
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
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT_WITH_PASSKEY;

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

impl LoginProblem {
    /// What the user reads.
    pub(crate) fn text(self, shell: &Shell<'_>) -> Message<'static> {
        let key = match self {
            Self::WrongNameOrPassword => Key("login-wrong"),
            Self::NoUsername => Key("login-no-username"),
            Self::NoPassword => Key("login-no-password"),
            Self::Nothing => Key("login-nothing"),
            Self::TooManyAttempts { minutes } => {
                let minutes = minutes.max(1);
                return shell.t_with("login-too-many").count("minutes", minutes);
            }
        };
        shell.t_with(key)
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
            fixed: false,
            remember: None,
            problem,
            again: false,
            can_reset: true,
            can_sign_up: true,
            upstreams: &[],
            passkey: None,
            password_optional: false,
        };
        let again = Self {
            again: true,
            ..page(Some("Orders"), "", None)
        };
        let development = Self {
            shell: Shell::development_sample(),
            ..page(Some("Orders"), "", None)
        };
        let upstreams = Self {
            upstreams: &[
                UpstreamButton {
                    id: "google",
                    name: "Google",
                },
                UpstreamButton {
                    id: "hostile",
                    name: crate::pages::HOSTILE,
                },
            ],
            password_optional: true,
            remember: Some(false),
            passkey: Some(PasskeyForm::sample(true, false)),
            ..page(Some("Orders"), "", None)
        };
        let passkey = Self {
            passkey: Some(PasskeyForm::sample(true, false)),
            ..page(Some("Orders"), "", None)
        };
        let remembered = Self {
            remember: Some(true),
            ..page(Some("Orders"), "alice", None)
        };
        let confirm = Self {
            fixed: true,
            ..page(None, "alice", None)
        };
        let wrong = Some(LoginProblem::WrongNameOrPassword);
        let waiting = Some(LoginProblem::TooManyAttempts { minutes: 15 });
        vec![
            ("login", page(Some("Orders"), "", None)),
            ("login_development", development),
            ("login_account", page(None, "", None)),
            ("login_again", again),
            ("login_confirm", confirm),
            ("login_passkey", passkey),
            ("login_upstreams", upstreams),
            ("login_remembered", remembered),
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
    use super::{LoginProblem, Shell};

    #[test]
    fn waiting_is_said_in_minutes() {
        let said = |minutes| {
            LoginProblem::TooManyAttempts { minutes }
                .text(&Shell::sample())
                .plain()
        };
        assert_eq!(said(0), said(1));
        assert!(said(1).contains("wait a minute"));
        assert!(said(15).contains("wait 15 minutes"));
    }
}
