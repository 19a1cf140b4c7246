//! The page after a login that kept an account whose deletion was requested.

use askama::Template;

use crate::pages::{Shell, csp};

/// The account is kept.
#[derive(Template)]
#[template(path = "journey/kept.html")]
pub(crate) struct KeptPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// Where the journey goes on, below the host.
    pub(crate) go_on: &'a str,
}

impl KeptPage<'_> {
    pub(crate) const CSP: &'static str = csp::STATIC;
}

#[cfg(test)]
impl KeptPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            shell: Shell::sample(),
            go_on: "/consent?ticket=v1.ticket",
        };
        vec![("account_kept", page)]
    }
}
