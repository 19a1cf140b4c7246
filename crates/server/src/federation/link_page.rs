use askama::Template;

use crate::pages::{Shell, UserLine, csp};

/// The question whether to link an identity of another provider.
#[derive(Template)]
#[template(path = "federation/link.html")]
pub(crate) struct LinkAccountPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The sealed ticket.
    pub(crate) ticket: &'a str,
    pub(crate) csrf: &'a str,
    /// The provider's name on its button.
    pub(crate) upstream: &'a str,
    /// What the provider calls the user.
    pub(crate) label: &'a str,
    pub(crate) user: UserLine<'a>,
}

impl LinkAccountPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;
}

#[cfg(test)]
impl LinkAccountPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |upstream, label| Self {
            shell: Shell::sample(),
            ticket: "v1.ticket",
            csrf: "csrf",
            upstream,
            label,
            user: UserLine {
                name: Some("Alice Liddell"),
                username: "alice",
            },
        };
        vec![
            ("link_account", page("Example ID", "alice@example.com")),
            ("link_account_hostile", page(HOSTILE, HOSTILE)),
        ]
    }
}
