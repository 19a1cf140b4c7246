use askama::Template;

use crate::{
    account::frame::Frame,
    pages::{Shell, csp},
    second_factor::page::{FactorProblem, Qr},
};

/// Sets up an authenticator app.
#[derive(Template)]
#[template(path = "account/security/authenticator_app/page.html")]
pub(crate) struct AuthenticatorAppPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    /// The sealed secret.
    pub(crate) enrolment: &'a str,
    /// The secret in groups, to be typed.
    pub(crate) key: Vec<String>,
    /// The secret to be scanned.
    pub(crate) qr: Option<Qr>,
    pub(crate) problem: Option<FactorProblem>,
}

impl AuthenticatorAppPage<'_> {
    // A sign-in that is not recent leads to the login page, which is ours.
    pub(crate) const CSP: &'static str = csp::STAYS;
}

#[cfg(test)]
impl AuthenticatorAppPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::journey::goal::AccountSection::Security;

        let page = |frame, problem| Self {
            shell: Shell::sample(),
            frame,
            enrolment: "sealed",
            key: ["GEZD", "GNBV"].map(str::to_owned).to_vec(),
            qr: None,
            problem,
        };
        vec![
            (
                "account_authenticator_app",
                page(Frame::sample(Security), None),
            ),
            (
                "account_authenticator_app_wrong",
                page(Frame::sample(Security), Some(FactorProblem::WrongCode)),
            ),
        ]
    }
}
