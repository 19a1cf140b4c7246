use askama::Template;

use crate::pages::{Shell, UserLine, csp};

/// The choice between the organizations of the user.
#[derive(Template)]
#[template(path = "choose_organization/page.html")]
pub(crate) struct ChooseOrganizationPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The sealed ticket.
    pub(crate) ticket: &'a str,
    pub(crate) csrf: &'a str,
    /// Whether the user's sign-in changed since an earlier page was answered.
    pub(crate) again: bool,
    /// The client that waits.
    pub(crate) client_name: &'a str,
    pub(crate) user: UserLine<'a>,
    pub(crate) choices: Vec<Choice<'a>>,
}

/// An organization of the user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
}

impl ChooseOrganizationPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;
}

#[cfg(test)]
impl ChooseOrganizationPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |client_name, user, choices| Self {
            shell: Shell::sample(),
            ticket: "v1.ticket",
            csrf: "csrf",
            again: false,
            client_name,
            user,
            choices,
        };
        let alice = UserLine {
            name: Some("Alice Liddell"),
            username: "alice",
        };
        let choice = |id, name| Choice { id, name };
        let two = || vec![choice("acme", "Acme"), choice("beta", "Beta GmbH & Co. KG")];
        vec![
            ("choose_organization", page("Orders", alice, two())),
            (
                "choose_organization_hostile",
                page(HOSTILE, alice, vec![choice(HOSTILE, HOSTILE)]),
            ),
        ]
    }
}
