use askama::Template;

use crate::{
    i18n::{Key, Message},
    login::page::LoginProblem,
    pages::{Shell, When, csp},
};

/// The removal of all second factors, by a link and the password.
#[derive(Template)]
#[template(path = "factor_reset/page.html")]
pub(crate) struct FactorResetPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// The token of the link.
    pub(crate) token: &'a str,
    pub(crate) username: &'a str,
    pub(crate) view: View,
}

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View {
    /// The question, with the password; and why the last answer was refused.
    Ask(Option<LoginProblem>),
    /// From when on the link works.
    TooEarly(When),
    /// The factors are removed.
    Done,
}

impl FactorResetPage<'_> {
    /// The user name is not typed here.
    fn text(&self, problem: &LoginProblem) -> Message<'static> {
        match problem {
            LoginProblem::WrongNameOrPassword => self.shell.t_with(Key("factor-reset-wrong")),
            other => (*other).text(&self.shell),
        }
    }

    pub(crate) const CSP: &'static str = csp::STAYS;
}

#[cfg(test)]
impl FactorResetPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |username, view| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            token: "token",
            username,
            view,
        };
        let wrong = Some(LoginProblem::WrongNameOrPassword);
        let early = View::TooEarly(When::sample(-60));
        vec![
            ("factor_reset", page("alice", View::Ask(None))),
            ("factor_reset_wrong", page("alice", View::Ask(wrong))),
            ("factor_reset_early", page("alice", early)),
            ("factor_reset_done", page("alice", View::Done)),
            (
                "factor_reset_hostile",
                page(crate::pages::HOSTILE, View::Ask(None)),
            ),
        ]
    }
}
