use askama::Template;

use crate::{
    ctx::Ctx,
    pages::{Back, Shell, UserLine, csp},
};

/// The question whether to log out.
#[derive(Template)]
#[template(path = "end_session/confirm.html")]
pub(crate) struct ConfirmPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// The sealed request to log out.
    pub(crate) request: &'a str,
    pub(crate) user: UserLine<'a>,
}

/// The end of a session.
#[derive(Template)]
#[template(path = "end_session/done.html")]
pub(crate) struct DonePage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The way back to the client that a valid request named.
    pub(crate) back: Option<Back<'a>>,
    /// The logout at the provider where the session began, to which the browser goes by itself.
    pub(crate) there: Option<Back<'a>>,
}

impl ConfirmPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;
}

impl<'a> DonePage<'a> {
    pub(crate) const CSP: &'static str = csp::STATIC;

    pub(super) fn new(ctx: &'a Ctx, back: Option<Back<'a>>) -> Self {
        Self {
            shell: ctx.shell(),
            back,
            there: None,
        }
    }
}

#[cfg(test)]
impl ConfirmPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |user| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            request: "v1.request",
            user,
        };
        vec![
            (
                "end_session_confirm",
                page(UserLine {
                    name: Some("Alice Liddell"),
                    username: "alice",
                }),
            ),
            (
                "end_session_confirm_hostile",
                page(UserLine {
                    name: Some(HOSTILE),
                    username: HOSTILE,
                }),
            ),
        ]
    }
}

#[cfg(test)]
impl DonePage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |back| Self {
            shell: Shell::sample(),
            back,
            there: None,
        };
        vec![
            (
                "end_session_done_there",
                Self {
                    there: Some(Back::sample()),
                    ..page(None)
                },
            ),
            ("end_session_done", page(None)),
            ("end_session_done_back", page(Some(Back::sample()))),
            (
                "end_session_done_hostile",
                page(Some(Back::hostile_sample())),
            ),
        ]
    }
}
