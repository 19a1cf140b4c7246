use std::borrow::Cow;

use askama::Template;

use crate::{
    account::frame::Frame,
    i18n::Key,
    pages::{Shell, When, csp},
    webauthn::form::Challenge,
};

/// The passkeys of a user, and the form for another one.
#[derive(Template)]
#[template(path = "account/security/passkeys/page.html")]
pub(crate) struct PasskeysPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    pub(crate) passkeys: Vec<PasskeyLine<'a>>,
    /// What a new passkey answers; none where there are no passkeys.
    pub(crate) challenge: Option<Challenge>,
    /// The name of a new passkey, before the user types another one.
    pub(crate) suggested_name: Cow<'static, str>,
    pub(crate) problem: Option<PasskeysProblem>,
}

/// A passkey.
pub(crate) struct PasskeyLine<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    /// Whether it can be on several devices.
    pub(crate) synced: bool,
    pub(crate) added: When,
    pub(crate) last_used: Option<When>,
}

/// Why the page is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasskeysProblem {
    /// There is no name, or it is too long.
    NoName,
    /// What the browser made was not accepted.
    Refused,
    /// It is there already, or there are too many.
    NotAdded,
    /// Without it nobody gets in.
    LastWayIn,
}

impl PasskeysProblem {
    fn key(self) -> Key {
        match self {
            Self::NoName => Key("passkey-no-name"),
            Self::Refused => Key("passkey-not-made"),
            Self::NotAdded => Key("passkey-not-added"),
            Self::LastWayIn => Key("passkey-last"),
        }
    }
}

impl PasskeysPage<'_> {
    // A sign-in that is not recent leads to the login page, which is ours.
    pub(crate) const CSP: &'static str = csp::STAYS_WITH_PASSKEY;
}

#[cfg(test)]
impl PasskeysPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{journey::goal::AccountSection::Security, pages::HOSTILE};

        let line = |id, name, synced| PasskeyLine {
            id,
            name,
            synced,
            added: When::sample(60),
            last_used: synced.then(|| When::sample(5)),
        };
        let page = |frame, passkeys, problem| Self {
            shell: Shell::sample(),
            frame,
            passkeys,
            challenge: Some(Challenge::sample()),
            suggested_name: "Laptop".into(),
            problem,
        };
        let some = || vec![line("a1", "Laptop", true), line("b2", HOSTILE, false)];
        vec![
            (
                "account_passkeys",
                page(Frame::sample(Security), some(), None),
            ),
            (
                "account_passkeys_none",
                page(Frame::bare_sample(Security), Vec::new(), None),
            ),
            (
                "account_passkeys_last",
                page(
                    Frame::bare_sample(Security),
                    some(),
                    Some(PasskeysProblem::LastWayIn),
                ),
            ),
            (
                "account_passkeys_refused",
                page(
                    Frame::bare_sample(Security),
                    some(),
                    Some(PasskeysProblem::Refused),
                ),
            ),
        ]
    }
}
