use askama::Template;
use cardea_protocol::invitation::Way;

use crate::{
    form::Form,
    i18n::Key,
    pages::{Shell, UserLine, csp},
    password_reset,
};

/// An invitation, with what can be done with it.
#[derive(Template)]
#[template(path = "invitation/page.html")]
pub(crate) struct InvitationPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// The token of the link.
    pub(crate) token: &'a str,
    /// Who is invited.
    pub(crate) email: &'a str,
    /// The name of the organization to join.
    pub(crate) organization: Option<&'a str>,
    /// The name of the user who invites.
    pub(crate) inviter: Option<&'a str>,
    pub(crate) way: Way,
    /// Who is signed in.
    pub(crate) user: Option<UserLine<'a>>,
    pub(crate) entered: Entered<'a>,
    pub(crate) problem: Option<Problem>,
}

/// What was entered for a new account.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Entered<'a> {
    pub(crate) username: &'a str,
    pub(crate) name: &'a str,
}

impl<'a> Entered<'a> {
    pub(super) fn of(form: &'a Form) -> Self {
        Self {
            username: form.one("username").unwrap_or_default().trim(),
            name: form.one("name").unwrap_or_default().trim(),
        }
    }
}

/// The link to the first account.
#[derive(Template)]
#[template(path = "invitation/first_account.html")]
pub(crate) struct FirstAccountPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// The token of the link.
    pub(crate) token: &'a str,
    /// The organizations that the account will administer.
    pub(crate) organizations: Vec<&'a str>,
    pub(crate) entered: Entered<'a>,
    pub(crate) problem: Option<Problem>,
}

/// Why an invitation was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It can't be a user name.
    Username,
    /// Another user has it, or one that looks like it.
    UsernameTaken,
    /// The password can't be taken.
    Password(password_reset::page::Problem),
    /// The user is in as many as can be.
    TooManyOrganizations,
}

impl Problem {
    /// What the user reads.
    fn key(self) -> Key {
        match self {
            Self::Username => Key("sign-up-username-bad"),
            Self::UsernameTaken => Key("sign-up-username-taken"),
            Self::Password(problem) => problem.key(),
            Self::TooManyOrganizations => Key("invitation-too-many"),
        }
    }

    /// What is wrong with the user name.
    fn of_username(self) -> Option<Key> {
        matches!(self, Self::Username | Self::UsernameTaken).then(|| self.key())
    }

    /// What is wrong with the password.
    fn of_password(self) -> Option<Key> {
        matches!(self, Self::Password(_)).then(|| self.key())
    }
}

impl FirstAccountPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;

    fn of_username(&self) -> Option<Key> {
        self.problem?.of_username()
    }

    fn of_password(&self) -> Option<Key> {
        self.problem?.of_password()
    }
}

impl InvitationPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;

    fn of_username(&self) -> Option<Key> {
        self.problem?.of_username()
    }

    fn of_password(&self) -> Option<Key> {
        self.problem?.of_password()
    }

    /// The problem of joining.
    fn of_joining(&self) -> Option<Key> {
        let problem = self.problem?;
        (problem == Problem::TooManyOrganizations).then(|| problem.key())
    }
}

#[cfg(test)]
impl InvitationPage<'static> {
    fn sample(way: Way, organization: Option<&'static str>) -> Self {
        let alice = UserLine {
            name: Some("Alice Liddell"),
            username: "alice",
        };
        Self {
            shell: Shell::sample(),
            csrf: "csrf",
            token: "token",
            email: "carol@example.test",
            organization,
            inviter: organization.map(|_| "Bob Lee"),
            way,
            user: matches!(way, Way::Join | Way::OtherUser).then_some(alice),
            entered: Entered {
                username: "carol",
                name: "",
            },
            problem: None,
        }
    }

    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let acme = Some("Acme GmbH & Co. KG");
        let with = |problem| Self {
            problem: Some(problem),
            ..Self::sample(Way::MakeAccount, None)
        };
        let weak = Problem::Password(password_reset::page::Problem::Weak);
        vec![
            ("invitation", Self::sample(Way::MakeAccount, acme)),
            ("invitation_plain", Self::sample(Way::MakeAccount, None)),
            ("invitation_name_taken", with(Problem::UsernameTaken)),
            ("invitation_bad_name", with(Problem::Username)),
            ("invitation_weak", with(weak)),
            ("invitation_log_in", Self::sample(Way::LogIn, acme)),
            ("invitation_join", Self::sample(Way::Join, acme)),
            (
                "invitation_too_many",
                Self {
                    problem: Some(Problem::TooManyOrganizations),
                    ..Self::sample(Way::Join, acme)
                },
            ),
            (
                "invitation_has_account",
                Self::sample(Way::HasAccount, None),
            ),
            ("invitation_other_user", Self::sample(Way::OtherUser, acme)),
            (
                "invitation_hostile",
                Self {
                    csrf: HOSTILE,
                    token: HOSTILE,
                    email: HOSTILE,
                    inviter: Some(HOSTILE),
                    entered: Entered {
                        username: HOSTILE,
                        name: HOSTILE,
                    },
                    ..Self::sample(Way::MakeAccount, Some(HOSTILE))
                },
            ),
        ]
    }
}

#[cfg(test)]
impl FirstAccountPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |organizations, problem| Self {
            shell: Shell::sample(),
            csrf: "csrf",
            token: "token",
            organizations,
            entered: Entered::default(),
            problem,
        };
        let weak = Problem::Password(password_reset::page::Problem::Weak);
        let both = vec!["Acme GmbH & Co. KG", "Beta"];
        vec![
            ("first_account", page(both, None)),
            ("first_account_plain", page(Vec::new(), None)),
            (
                "first_account_bad_name",
                page(Vec::new(), Some(Problem::Username)),
            ),
            ("first_account_weak", page(Vec::new(), Some(weak))),
            (
                "first_account_hostile",
                Self {
                    csrf: HOSTILE,
                    token: HOSTILE,
                    entered: Entered {
                        username: HOSTILE,
                        name: HOSTILE,
                    },
                    ..page(vec![HOSTILE], Some(Problem::UsernameTaken))
                },
            ),
        ]
    }
}
