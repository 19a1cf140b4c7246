use std::borrow::Cow;

use askama::Template;

use crate::{
    account::{devices::device::in_words, frame::Frame},
    i18n::Message,
    pages::{Shell, When, csp},
};

/// What the user signs in with.
#[derive(Template)]
#[template(path = "account/security/page.html")]
pub(crate) struct SecurityPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    pub(crate) has_password: bool,
    /// How many passkeys the user has.
    pub(crate) passkeys: u64,
    /// The second factors; nothing where they are off.
    pub(crate) factors: Option<FactorLines<'a>>,
    /// Whether there are other providers.
    pub(crate) has_upstreams: bool,
}

/// The second factors of a user.
pub(crate) struct FactorLines<'a> {
    /// When the authenticator app was set up, if there is one.
    pub(crate) app_since: Option<When>,
    /// How many backup codes are left.
    pub(crate) backup_codes: u32,
    /// The browsers that are not asked.
    pub(crate) devices: Vec<DeviceLine<'a>>,
}

impl FactorLines<'_> {
    fn left(&self, shell: &Shell<'_>) -> Message<'static> {
        let count = shell.t_with("second-factor-codes-left");
        count.count("left", u64::from(self.backup_codes))
    }
}

/// A browser that the user trusts.
pub(crate) struct DeviceLine<'a> {
    pub(crate) id: i64,
    pub(crate) user_agent: &'a str,
    pub(crate) last_used: When,
}

impl DeviceLine<'_> {
    fn name(&self, shell: &Shell<'_>) -> Cow<'static, str> {
        in_words(shell.lang, self.user_agent)
    }
}

impl SecurityPage<'_> {
    fn passkeys_in_words(&self) -> Message<'static> {
        let count = self.shell.t_with("passkey-count");
        count.count("passkeys", self.passkeys)
    }

    pub(crate) const CSP: &'static str = csp::STAYS;
}

#[cfg(test)]
impl SecurityPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::journey::goal::AccountSection::Security;

        let page = |frame, has_password| Self {
            shell: Shell::sample(),
            frame,
            has_password,
            passkeys: u64::from(has_password) * 2,
            has_upstreams: true,
            factors: Some(FactorLines {
                app_since: has_password.then(|| When::sample(60)),
                backup_codes: 7,
                devices: vec![DeviceLine {
                    id: 3,
                    user_agent: crate::pages::HOSTILE,
                    last_used: When::sample(5),
                }],
            }),
        };
        vec![
            ("account_security", page(Frame::sample(Security), true)),
            (
                "account_security_hostile",
                page(Frame::hostile_sample(Security), false),
            ),
        ]
    }
}
