use askama::Template;

use crate::{
    account::frame::Frame,
    consent::words::ScopeLine,
    pages::{AppLine, Shell, When, csp},
};

/// The applications that act for the user. Its forms send `action` (`revoke`) and `id`.
#[derive(Template)]
#[template(path = "account/apps/page.html")]
pub(crate) struct AppsPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    pub(crate) applications: Vec<ApplicationLine<'a>>,
}

/// A client that the user gave access.
#[derive(Debug, Clone)]
pub(crate) struct ApplicationLine<'a> {
    /// What the form sends back.
    pub(crate) id: &'a str,
    pub(crate) client_name: &'a str,
    pub(crate) logo: Option<String>,
    pub(crate) scopes: Vec<ScopeLine>,
    pub(crate) last_used: Option<When>,
    /// Design D11 (3): refreshes with the token before, late or from elsewhere.
    pub(crate) late_retries: Vec<When>,
}

impl AppsPage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

impl ApplicationLine<'_> {
    fn initial(&self) -> String {
        AppLine {
            name: self.client_name,
            logo: None,
        }
        .initial()
    }
}

#[cfg(test)]
impl AppsPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{consent::words::words, journey::goal::AccountSection::Apps, pages::HOSTILE};

        let ago = When::sample;
        let application = ApplicationLine {
            id: HOSTILE,
            client_name: HOSTILE,
            logo: None,
            scopes: vec![words(Shell::sample().lang, HOSTILE, Some(HOSTILE))],
            last_used: None,
            late_retries: vec![ago(2)],
        };
        let page = |frame, applications| Self {
            shell: Shell::sample(),
            frame,
            applications,
        };
        vec![
            (
                "account_apps",
                page(Frame::sample(Apps), ApplicationLine::samples()),
            ),
            (
                "account_apps_bare",
                page(Frame::bare_sample(Apps), Vec::new()),
            ),
            (
                "account_apps_hostile",
                page(Frame::hostile_sample(Apps), vec![application]),
            ),
        ]
    }
}

#[cfg(test)]
impl ApplicationLine<'static> {
    fn samples() -> Vec<Self> {
        use crate::consent::words::words;

        let ago = When::sample;
        let lang = Shell::sample().lang;
        let scopes = |names: &[&str]| {
            names
                .iter()
                .map(|name| words(lang, name, Some("api://orders")))
                .collect()
        };
        vec![
            Self {
                id: "c1",
                client_name: "Orders",
                logo: None,
                scopes: scopes(&["openid", "profile", "orders:read", "offline_access"]),
                last_used: Some(ago(12)),
                late_retries: vec![ago(60 * 26)],
            },
            Self {
                id: "c2",
                client_name: "Calculator",
                logo: None,
                scopes: scopes(&["openid", "email"]),
                last_used: Some(ago(60 * 24 * 30)),
                late_retries: Vec::new(),
            },
        ]
    }
}
