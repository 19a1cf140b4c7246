use askama::Template;

use crate::{
    account::frame::Frame,
    i18n::{Key, Message},
    login::page::LoginProblem,
    pages::{Shell, csp},
    password_reset,
};

/// Sets another password, or a first one.
#[derive(Template)]
#[template(path = "account/security/password/page.html")]
pub(crate) struct PasswordPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    /// Whether the present one is asked for.
    pub(crate) has_password: bool,
    pub(crate) problem: Option<Problem>,
}

/// Why the password was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Of the present one.
    Present(LoginProblem),
    /// The new one is the present one.
    Same,
    /// Of the new one.
    New(password_reset::page::Problem),
}

impl PasswordPage<'_> {
    // A sign-in that is not recent leads to the login page, which is ours.
    pub(crate) const CSP: &'static str = csp::STAYS;

    fn title(&self) -> &'static str {
        match self.has_password {
            true => self.shell.t("password-change-title"),
            false => self.shell.t("password-change-first"),
        }
    }

    fn blamed_present(&self) -> Option<Message<'static>> {
        match self.problem? {
            Problem::Present(LoginProblem::WrongNameOrPassword) => {
                Some(self.shell.t_with(Key("password-change-wrong")))
            }
            Problem::Present(problem) => Some(problem.text(&self.shell)),
            Problem::Same | Problem::New(_) => None,
        }
    }

    fn blamed_new(&self) -> Option<Message<'static>> {
        let key = match self.problem? {
            Problem::Same => Key("password-change-same"),
            Problem::New(problem) => problem.key(),
            Problem::Present(_) => return None,
        };
        Some(self.shell.t_with(key))
    }
}

#[cfg(test)]
impl PasswordPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::journey::goal::AccountSection::Security;

        let page = |frame, has_password, problem| Self {
            shell: Shell::sample(),
            frame,
            has_password,
            problem,
        };
        let wrong = Some(Problem::Present(LoginProblem::WrongNameOrPassword));
        let common = Some(Problem::New(password_reset::page::Problem::Common));
        vec![
            (
                "account_password",
                page(Frame::bare_sample(Security), true, None),
            ),
            (
                "account_password_first",
                page(Frame::bare_sample(Security), false, None),
            ),
            (
                "account_password_wrong",
                page(Frame::bare_sample(Security), true, wrong),
            ),
            (
                "account_password_hostile",
                page(Frame::hostile_sample(Security), true, common),
            ),
        ]
    }
}
