use askama::Template;
use cardea_store::DomainOffer;

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
    /// One that the user can join.
    pub(crate) offer: Option<&'a DomainOffer>,
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
        use cardea_protocol::model::OrganizationId;

        use crate::pages::HOSTILE;

        let page = |client_name, user, choices| Self {
            shell: Shell::sample(),
            ticket: "v1.ticket",
            csrf: "csrf",
            again: false,
            client_name,
            user,
            choices,
            offer: None,
        };
        let alice = UserLine {
            name: Some("Alice Liddell"),
            username: "alice",
        };
        let choice = |id, name| Choice { id, name };
        let two = || vec![choice("acme", "Acme"), choice("beta", "Beta GmbH & Co. KG")];
        let offer = |id, name: &str| -> Option<&'static DomainOffer> {
            let offer = DomainOffer {
                id: OrganizationId::parse(id).unwrap(),
                name: name.to_owned(),
                domain: "gamma.example".to_owned(),
            };
            Some(Box::leak(Box::new(offer)))
        };
        let offered = |choices, name| Self {
            offer: offer("gamma", name),
            ..page("Orders", alice, choices)
        };
        vec![
            ("choose_organization", page("Orders", alice, two())),
            ("choose_organization_or_join", offered(two(), "Gamma")),
            ("choose_organization_join", offered(Vec::new(), "Gamma")),
            ("choose_organization_join_hostile", offered(two(), HOSTILE)),
            (
                "choose_organization_hostile",
                page(HOSTILE, alice, vec![choice(HOSTILE, HOSTILE)]),
            ),
        ]
    }
}
