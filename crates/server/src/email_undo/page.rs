use askama::Template;

use crate::{
    pages::{Shell, csp},
    take_back::Restored,
};

/// The way back to the address before.
#[derive(Template)]
#[template(path = "email_undo/page.html")]
pub(crate) struct UndoPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// The token of the link.
    pub(crate) token: &'a str,
    pub(crate) email: &'a str,
    pub(crate) username: &'a str,
    pub(crate) view: View,
}

/// What the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Ask,
    Done(Restored),
}

impl UndoPage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

#[cfg(test)]
impl UndoPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |view| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            token: "token",
            email: "alice@example.test",
            username: "alice",
            view,
        };
        let hostile = |view| Self {
            csrf: HOSTILE,
            token: HOSTILE,
            email: HOSTILE,
            username: HOSTILE,
            ..page(view)
        };
        vec![
            ("email_undo", page(View::Ask)),
            ("email_undo_done", page(View::Done(Restored::Whole))),
            (
                "email_undo_without_address",
                page(View::Done(Restored::WithoutAddress)),
            ),
            ("email_undo_hostile", hostile(View::Ask)),
            (
                "email_undo_done_hostile",
                hostile(View::Done(Restored::WithoutAddress)),
            ),
        ]
    }
}
