use askama::Template;

use super::organizations::Organizations;
use crate::{
    account::frame::Frame,
    pages::{Shell, csp},
};

/// The user's profile.
#[derive(Template)]
#[template(path = "account/profile/page.html")]
pub(crate) struct ProfilePage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    pub(crate) email: Option<Email<'a>>,
    pub(crate) organizations: Organizations,
}

/// An address, and whether it was verified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Email<'a> {
    pub(crate) address: &'a str,
    pub(crate) verified: bool,
}

impl ProfilePage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

#[cfg(test)]
impl ProfilePage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{journey::goal::AccountSection::Profile, pages::HOSTILE};

        let email = |address, verified| Some(Email { address, verified });
        vec![
            (
                "account",
                Self {
                    shell: Shell::sample(),
                    frame: Frame::sample(Profile),
                    email: email("alice@example.test", true),
                    organizations: Organizations::sample("Acme GmbH & Co. KG"),
                },
            ),
            (
                "account_bare",
                Self {
                    shell: Shell {
                        base: "/auth",
                        ..Shell::development_sample()
                    },
                    frame: Frame::bare_sample(Profile),
                    email: None,
                    organizations: Organizations::default(),
                },
            ),
            (
                "account_hostile",
                Self {
                    shell: Shell::sample(),
                    frame: Frame::hostile_sample(Profile),
                    email: email(HOSTILE, false),
                    organizations: Organizations::sample(HOSTILE),
                },
            ),
        ]
    }
}
