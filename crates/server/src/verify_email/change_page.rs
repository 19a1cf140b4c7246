use askama::Template;

use crate::pages::{Shell, csp};

/// The confirmation of a changed address.
#[derive(Template)]
#[template(path = "verify_email/change.html")]
pub(crate) struct ChangePage<'a> {
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
    Confirm,
    Done,
    /// The address got an account in the meantime.
    Taken,
    /// So many changes can be undone already.
    TooMany,
}

impl ChangePage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

#[cfg(test)]
impl ChangePage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |view| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            token: "token",
            email: "new@example.test",
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
            ("email_change", page(View::Confirm)),
            ("email_change_done", page(View::Done)),
            ("email_change_taken", page(View::Taken)),
            ("email_change_too_many", page(View::TooMany)),
            ("email_change_hostile", hostile(View::Confirm)),
            ("email_change_done_hostile", hostile(View::Done)),
        ]
    }
}
