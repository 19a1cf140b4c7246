use askama::Template;

use crate::{
    account::frame::Frame,
    pages::{Shell, csp},
};

/// The accounts at other providers that the user signs in with.
#[derive(Template)]
#[template(path = "account/security/links/page.html")]
pub(crate) struct LinksPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    pub(crate) links: Vec<LinkLine<'a>>,
    pub(crate) providers: Vec<ProviderLine<'a>>,
    /// Whether a link was not removed because it is the only way in.
    pub(crate) last: bool,
}

/// A link.
pub(crate) struct LinkLine<'a> {
    pub(crate) key: &'a str,
    pub(crate) provider: &'a str,
    /// What the provider calls the user.
    pub(crate) label: &'a str,
}

/// A provider that can be linked.
pub(crate) struct ProviderLine<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
}

impl LinksPage<'_> {
    /// Its form ends at the provider.
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;
}

#[cfg(test)]
impl LinksPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{journey::goal::AccountSection::Security, pages::HOSTILE};

        let page = |frame, name, last| Self {
            shell: Shell::sample(),
            frame,
            links: vec![LinkLine {
                key: "key",
                provider: name,
                label: name,
            }],
            providers: vec![ProviderLine { id: "google", name }],
            last,
        };
        let empty = Self {
            links: Vec::new(),
            ..page(Frame::sample(Security), "Google", false)
        };
        vec![
            (
                "account_links",
                page(Frame::sample(Security), "Google", false),
            ),
            ("account_links_none", empty),
            (
                "account_links_last",
                page(Frame::sample(Security), "Google", true),
            ),
            (
                "account_links_hostile",
                page(Frame::hostile_sample(Security), HOSTILE, false),
            ),
        ]
    }
}
