use askama::Template;

use crate::{
    i18n::Key,
    pages::{Shell, csp},
    sign_up::page::Problem,
};

/// The confirmation of an address.
#[derive(Template)]
#[template(path = "verify_email/page.html")]
pub(crate) struct VerifyPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// The token of the link.
    pub(crate) token: &'a str,
    pub(crate) email: &'a str,
    pub(crate) username: &'a str,
    /// Whether it is another browser than the one that signed up: user name and password are asked for.
    pub(crate) elsewhere: bool,
    pub(crate) view: View,
}

/// What the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Confirm(Option<Problem>),
    /// The address got an account in the meantime.
    HasAccount,
}

impl VerifyPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;

    fn problem(&self) -> Option<Problem> {
        match self.view {
            View::Confirm(problem) => problem,
            View::HasAccount => None,
        }
    }

    fn of_username(&self) -> Option<Key> {
        self.problem()?.of_username()
    }

    fn of_password(&self) -> Option<Key> {
        self.problem()?.of_password()
    }

    fn asks_username(&self) -> bool {
        self.elsewhere || self.of_username().is_some()
    }
}

#[cfg(test)]
impl VerifyPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |elsewhere, view| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            token: "token",
            email: "carol@example.test",
            username: "carol",
            elsewhere,
            view,
        };
        let taken = View::Confirm(Some(Problem::UsernameTaken));
        let weak = Problem::Password(crate::password_reset::page::Problem::Weak);
        let weak = View::Confirm(Some(weak));
        vec![
            ("verify_email", page(false, View::Confirm(None))),
            ("verify_email_name_taken", page(false, taken)),
            ("verify_email_elsewhere", page(true, View::Confirm(None))),
            ("verify_email_weak", page(true, weak)),
            ("verify_email_has_account", page(false, View::HasAccount)),
            (
                "verify_email_hostile",
                Self {
                    csrf: HOSTILE,
                    token: HOSTILE,
                    email: HOSTILE,
                    username: HOSTILE,
                    ..page(true, taken)
                },
            ),
        ]
    }
}
