use askama::Template;

use crate::{
    explain::Explanation,
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

    /// The request id in groups of four, as one reads it out.
    fn reference(&self) -> Vec<String> {
        let letters: Vec<char> = self.shell.request_id.chars().collect();
        letters
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect()
    }
}

impl PageError {
    fn heading(self) -> &'static str {
        self.words().0
    }

    fn sentence(self) -> &'static str {
        self.words().1
    }

    fn advice(self) -> &'static str {
        self.words().2
    }

    /// Heading, what happened, what to do now.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::UnknownApp => (
                "We don’t know this app",
                "The app that sent you here isn’t registered with us, or has been switched off.",
                "Go back and tell the people who run it. You were not signed in to it.",
            ),
            Self::WrongReturnAddress => (
                "We won’t send you there",
                "The app asked us to send you to an address that isn’t its own. To keep you safe, we stopped here.",
                "Go back to the app and try once more. If it happens again, tell the people who run it.",
            ),
            Self::NoReturnAddress => (
                "We can’t send you back",
                "The app didn’t say where to send you after you sign in.",
                "Go back to the app and try once more. If it happens again, tell the people who run it.",
            ),
            Self::BrokenLink => (
                "This link doesn’t work",
                "Something in the address that brought you here is missing or wrong.",
                "Go back to the app and start again from there. An old bookmark is a common cause.",
            ),
            Self::TooLate => (
                "This took too long",
                "The page was open for a while, or was finished in another tab.",
                "Go back to the app and sign in again from there. Nothing was lost.",
            ),
            Self::OtherBrowser => (
                "Please start again here",
                "This sign-in was started in another browser, or this one doesn’t keep our cookie.",
                "Allow cookies for this site, then start again, here or from the app.",
            ),
            Self::NotFromHere => (
                "We didn’t accept that",
                "The form didn’t come from the page we sent you, so nothing was changed.",
                "Go back, reload the page and try again.",
            ),
            Self::TooMany => (
                "Too many requests",
                "Many requests came from your network within a short time.",
                "Wait a minute, then try again.",
            ),
            Self::ForgedLogout => (
                "You are still signed in",
                "The link that should sign you out isn’t one of ours, so nothing was changed.",
                "To sign out, open your account page here and choose “Sign out”.",
            ),
            Self::NotFound => (
                "There is nothing here",
                "This page doesn’t exist, or no longer does.",
                "Check the address, or go back to where you came from.",
            ),
            Self::Busy => (
                "We can’t answer right now",
                "We are busier than usual at this moment.",
                "Wait a few seconds, then reload this page.",
            ),
            Self::Unexpected => (
                "Something went wrong on our side",
                "It wasn’t you. The people who run this site can find out what it was.",
                "Try again in a moment. If it happens again, quote the reference below.",
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
        assert_eq!(page.reference(), ["k7m2", "p9xq", "4tza"]);
        let html = page.render().unwrap();
        assert!(html.contains("<span>k7m2</span><span>p9xq</span><span>4tza</span>"));
    }

    #[test]
    fn every_error_says_what_happened_and_what_to_do() {
        for (name, page) in ErrorPage::samples() {
            let (heading, sentence, advice) = page.error.words();
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
