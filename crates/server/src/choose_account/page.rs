use askama::Template;

use crate::pages::{Shell, UserLine, csp};

/// The choice between the user who is logged in and another.
#[derive(Template)]
#[template(path = "choose_account/page.html")]
pub(crate) struct ChooseAccountPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The sealed ticket.
    pub(crate) ticket: &'a str,
    pub(crate) csrf: &'a str,
    /// Whether the user's sign-in changed since an earlier page was answered.
    pub(crate) again: bool,
    /// The client that waits; none when a user wants the account page.
    pub(crate) client_name: Option<&'a str>,
    /// The user of this browser's session.
    pub(crate) user: UserLine<'a>,
    /// The other user whom the client's hint names.
    pub(crate) wanted: Option<&'a str>,
}

impl ChooseAccountPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;
}

#[cfg(test)]
impl ChooseAccountPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |client_name, user, wanted| Self {
            shell: Shell::sample(),
            ticket: "v1.ticket",
            csrf: "csrf",
            again: false,
            client_name,
            user,
            wanted,
        };
        let alice = UserLine {
            name: Some("Alice Liddell"),
            username: "alice",
        };
        let hostile = UserLine {
            name: Some(HOSTILE),
            username: HOSTILE,
        };
        vec![
            ("choose_account", page(Some("Orders"), alice, None)),
            ("choose_account_here", page(None, alice, None)),
            (
                "choose_account_hint",
                page(Some("Orders"), alice, Some("bob")),
            ),
            (
                "choose_account_hostile",
                page(Some(HOSTILE), hostile, Some(HOSTILE)),
            ),
        ]
    }
}
