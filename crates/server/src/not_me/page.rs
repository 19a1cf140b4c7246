use askama::Template;

use crate::{
    pages::{Shell, When, csp},
    take_back::Restored,
};

/// What "it wasn't me" does, with the button that does it.
#[derive(Template)]
#[template(path = "not_me/page.html")]
pub(crate) struct NotMePage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// The token of the link.
    pub(crate) token: &'a str,
    /// Where the link to a new password is mailed.
    pub(crate) email: &'a str,
    pub(crate) username: &'a str,
    /// From when on what was added goes.
    pub(crate) since: When,
    /// Whether the account has another address by now.
    pub(crate) restores: bool,
    pub(crate) view: View,
}

/// What the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Ask,
    Done(Restored),
}

impl NotMePage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

#[cfg(test)]
impl NotMePage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |view| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            token: "token",
            email: "alice@example.test",
            username: "alice",
            since: When::sample(90),
            restores: false,
            view,
        };
        let hostile = |view| Self {
            csrf: HOSTILE,
            token: HOSTILE,
            email: HOSTILE,
            username: HOSTILE,
            restores: true,
            ..page(view)
        };
        vec![
            ("not_me", page(View::Ask)),
            ("not_me_done", page(View::Done(Restored::Whole))),
            (
                "not_me_without_address",
                page(View::Done(Restored::WithoutAddress)),
            ),
            ("not_me_hostile", hostile(View::Ask)),
            (
                "not_me_done_hostile",
                hostile(View::Done(Restored::WithoutAddress)),
            ),
        ]
    }
}
