use askama::Template;

use crate::{
    account::frame::Frame,
    pages::{Shell, csp},
};

/// What the user signs in with.
#[derive(Template)]
#[template(path = "account/security/page.html")]
pub(crate) struct SecurityPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    pub(crate) has_password: bool,
}

impl SecurityPage<'_> {
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
