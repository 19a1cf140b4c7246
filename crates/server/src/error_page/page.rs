use askama::Template;

use crate::{
    explain::Explanation,
    i18n::Key,
    pages::{Back, Shell, csp},
};

/// The page of an error, for the user.
#[derive(Template)]
#[template(path = "error_page/page.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) error: PageError,
    pub(crate) back: Option<Back<'a>>,
    /// Where the same authorization request starts again.
    pub(crate) restart: Option<String>,
    /// Which check refused the request, in `cardea dev` only.
    pub(crate) explanation: Option<Explanation>,
}

/// What the user can know. The private cause is in the log under the same reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageError {
    /// The client is unknown or disabled.
    UnknownApp,
    /// The client's redirect URI is not registered: the browser is not sent there.
    WrongReturnAddress,
    /// The client sent no redirect URI.
    NoReturnAddress,
    /// The request can't be understood, and no client is known that could be notified.
    BrokenLink,
    /// A link for one use was used, has expired or was replaced.
    UsedLink,
    /// The ticket has expired, or was finished before.
    TooLate,
    /// The ticket belongs to another browser, or its cookie is missing.
    OtherBrowser,
    /// The form doesn't come from the page that was sent.
    NotFromHere,
    /// A limit was reached.
    TooMany,
    /// A request to log out with a hint that isn't ours.
    ForgedLogout,
    /// There is no such page.
    NotFound,
    /// The store or the password pool can't answer now.
    Busy,
    /// Our own mistake.
    Unexpected,
}

impl ErrorPage<'_> {
    pub(crate) const CSP: &'static str = csp::STATIC;
}

impl PageError {
    fn heading(self) -> Key {
        self.texts().0
    }

    fn sentence(self) -> Key {
        self.texts().1
    }

    fn advice(self) -> Key {
        self.texts().2
    }

    /// Heading, what happened, what to do now.
    fn texts(self) -> (Key, Key, Key) {
        match self {
            Self::UnknownApp => (
                Key("error-unknown-app"),
                Key("error-unknown-app-sentence"),
                Key("error-unknown-app-advice"),
            ),
            Self::WrongReturnAddress => (
                Key("error-wrong-return"),
                Key("error-wrong-return-sentence"),
                Key("error-return-advice"),
            ),
            Self::NoReturnAddress => (
                Key("error-no-return"),
                Key("error-no-return-sentence"),
                Key("error-return-advice"),
            ),
            Self::BrokenLink => (
                Key("error-broken-link"),
                Key("error-broken-link-sentence"),
                Key("error-broken-link-advice"),
            ),
            Self::UsedLink => (
                Key("error-used-link"),
                Key("error-used-link-sentence"),
                Key("error-used-link-advice"),
            ),
            Self::TooLate => (
                Key("error-too-late"),
                Key("error-too-late-sentence"),
                Key("error-too-late-advice"),
            ),
            Self::OtherBrowser => (
                Key("error-other-browser"),
                Key("error-other-browser-sentence"),
                Key("error-other-browser-advice"),
            ),
            Self::NotFromHere => (
                Key("error-not-from-here"),
                Key("error-not-from-here-sentence"),
                Key("error-not-from-here-advice"),
            ),
            Self::TooMany => (
                Key("error-too-many"),
                Key("error-too-many-sentence"),
                Key("error-too-many-advice"),
            ),
            Self::ForgedLogout => (
                Key("error-forged-logout"),
                Key("error-forged-logout-sentence"),
                Key("error-forged-logout-advice"),
            ),
            Self::NotFound => (
                Key("error-not-found"),
                Key("error-not-found-sentence"),
                Key("error-not-found-advice"),
            ),
            Self::Busy => (
                Key("error-busy"),
                Key("error-busy-sentence"),
                Key("error-busy-advice"),
            ),
            Self::Unexpected => (
                Key("error-unexpected"),
                Key("error-unexpected-sentence"),
                Key("error-unexpected-advice"),
            ),
        }
    }
}

#[cfg(test)]
impl ErrorPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |error, back| Self {
            shell: Shell::sample(),
            error,
            back,
            restart: None,
            explanation: None,
        };
        let hostile_shell = Shell {
            request_id: crate::pages::HOSTILE,
            ..Shell::sample()
        };
        vec![
            ("error_unknown_app", page(PageError::UnknownApp, None)),
            (
                "error_return_address",
                page(PageError::WrongReturnAddress, None),
            ),
            (
                "error_no_return_address",
                page(PageError::NoReturnAddress, None),
            ),
            ("error_broken_link", page(PageError::BrokenLink, None)),
            ("error_used_link", page(PageError::UsedLink, None)),
            (
                "error_too_late",
                page(PageError::TooLate, Some(Back::sample())),
            ),
            ("error_other_browser", page(PageError::OtherBrowser, None)),
            ("error_not_from_here", page(PageError::NotFromHere, None)),
            ("error_too_many", page(PageError::TooMany, None)),
            ("error_forged_logout", page(PageError::ForgedLogout, None)),
            ("error_not_found", page(PageError::NotFound, None)),
            (
                "error_explained",
                Self {
                    explanation: Some(Explanation {
                        lines: vec![
                            ("client_id", "orders".to_owned()),
                            ("check", "redirect_uri (RFC 9700 §2.1)".to_owned()),
                            (
                                "error",
                                "the address to return to (redirect_uri) is not registered for this application"
                                    .to_owned(),
                            ),
                            ("sent", "http://localhost:8080/callback/".to_owned()),
                            ("registered", "http://localhost:8080/callback".to_owned()),
                            ("differs", "the path differs by a trailing slash".to_owned()),
                            (
                                "advice",
                                "send a registered redirect_uri, or register this one".to_owned(),
                            ),
                        ],
                    }),
                    ..page(PageError::WrongReturnAddress, None)
                },
            ),
            ("error_busy", page(PageError::Busy, None)),
            ("error_unexpected", page(PageError::Unexpected, None)),
            (
                "error_hostile",
                Self {
                    shell: hostile_shell,
                    ..page(PageError::TooLate, Some(Back::hostile_sample()))
                },
            ),
        ]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use askama::Template as _;

    use super::ErrorPage;

    #[test]
    fn the_reference_is_read_in_groups_and_copied_in_one_piece() {
        let (_, page) = ErrorPage::samples().swap_remove(0);
        assert_eq!(page.shell.reference(), ["k7m2", "p9xq", "4tza"]);
        let html = page.render().unwrap();
        assert!(html.contains("<span>k7m2</span><span>p9xq</span><span>4tza</span>"));
    }

    #[test]
    fn every_error_says_what_happened_and_what_to_do() {
        for (name, page) in ErrorPage::samples() {
            let (heading, sentence, advice) = page.error.texts();
            let [heading, sentence, advice] =
                [heading, sentence, advice].map(|key| page.shell.t(key));
            assert!(heading.len() < 40 && !heading.ends_with('.'), "{name}");
            assert!(sentence.ends_with('.') && advice.ends_with('.'), "{name}");
            for jargon in ["OAuth", "redirect", "token", "client", "invalid", "!"] {
                assert!(
                    !format!("{heading} {sentence} {advice}").contains(jargon),
                    "{name}: {jargon}"
                );
            }
        }
    }
}
