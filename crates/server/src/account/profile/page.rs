use askama::Template;

use cardea_protocol::{
    language::Lang,
    profile::{NameClaim, ProfileProblem},
};

use super::organizations::Organizations;
use crate::{
    account::frame::Frame,
    i18n::Key,
    pages::{Shell, csp},
};

/// The user's profile.
#[derive(Template)]
#[template(path = "account/profile/page.html")]
pub(crate) struct ProfilePage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    pub(crate) entered: Entered<'a>,
    pub(crate) problem: Option<ProfileProblem>,
    pub(crate) email: Option<Email<'a>>,
    pub(crate) organizations: Organizations,
}

/// What the form has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Entered<'a> {
    /// In the order of [`NameClaim::ALL`].
    pub(crate) names: [&'a str; 3],
    pub(crate) locale: Option<Lang>,
}

/// An address, and whether it was verified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Email<'a> {
    pub(crate) address: &'a str,
    pub(crate) verified: bool,
}

impl ProfilePage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
    /// Each in its own words.
    const LANGUAGES: &'static [(Lang, &'static str)] = &[
        (Lang::En, "English"),
        (Lang::De, "Deutsch"),
        (Lang::Fr, "Français"),
        (Lang::Es, "Español"),
    ];

    fn names(&self) -> Vec<(NameClaim, &str)> {
        NameClaim::ALL.into_iter().zip(self.entered.names).collect()
    }

    fn label(name: NameClaim) -> Key {
        match name {
            NameClaim::Name => Key("account-name"),
            NameClaim::GivenName => Key("account-given-name"),
            NameClaim::FamilyName => Key("account-family-name"),
        }
    }

    fn autocomplete(name: NameClaim) -> &'static str {
        match name {
            NameClaim::Name => "name",
            NameClaim::GivenName => "given-name",
            NameClaim::FamilyName => "family-name",
        }
    }

    fn reads(&self, lang: &Lang) -> bool {
        self.entered.locale == Some(*lang)
    }

    fn is_bad(&self, name: NameClaim) -> bool {
        self.problem == Some(ProfileProblem::Name(name))
    }
}

#[cfg(test)]
impl ProfilePage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{journey::goal::AccountSection::Profile, pages::HOSTILE};

        let email = |address, verified| Some(Email { address, verified });
        let entered = |names, locale| Entered { names, locale };
        let alice = ["Alice Liddell", "Alice", "Liddell"];
        vec![
            (
                "account",
                Self {
                    shell: Shell::sample(),
                    frame: Frame::sample(Profile),
                    entered: entered(alice, Some(Lang::De)),
                    problem: None,
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
                    entered: Entered::default(),
                    problem: Some(ProfileProblem::Claims),
                    email: None,
                    organizations: Organizations::default(),
                },
            ),
            (
                "account_hostile",
                Self {
                    shell: Shell::sample(),
                    frame: Frame::hostile_sample(Profile),
                    entered: entered([HOSTILE; 3], None),
                    problem: Some(ProfileProblem::Name(NameClaim::GivenName)),
                    email: email(HOSTILE, false),
                    organizations: Organizations::sample(HOSTILE),
                },
            ),
        ]
    }
}
