use askama::Template;
use axum::response::Response;
use cardea_client::rp::RpError;
use http::StatusCode;

use super::upstreams::Upstream;
use crate::{
    ctx::Ctx,
    error,
    i18n::{Key, Message},
    pages::{Shell, csp, html},
};

/// A sign-in at another provider that did not lead to an account, and the way on.
#[derive(Template)]
#[template(path = "federation/page.html")]
pub(crate) struct FederationPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) problem: Problem,
    /// The provider's name on its button.
    pub(crate) upstream: &'a str,
    /// The address to use, where there is one.
    pub(crate) email: Option<&'a str>,
    /// Where the journey starts again.
    pub(crate) again: Option<String>,
}

/// Why there is no way further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The user said no there, or the provider did.
    Refused,
    /// The provider can't be reached.
    Unavailable,
    /// The provider's answer can't be believed.
    Failed,
    /// The answer belongs to no sign-in of this browser.
    StartAgain,
    /// The user had to sign in there again and did not.
    NotFresh,
    /// There is no account, and none is made.
    NoAccount,
    /// There is an account with this address; its user has to link it.
    AskToLink,
    /// The identity is linked to another account.
    LinkedToAnother,
    /// The account can't be used.
    Disabled,
}

impl Problem {
    /// What a user is told of an error.
    pub(crate) fn of(error: &RpError) -> Self {
        match error {
            RpError::Refused { code, .. } if is_outage(code) => Self::Unavailable,
            RpError::Refused { .. } => Self::Refused,
            RpError::Unavailable(_) => Self::Unavailable,
            RpError::Mismatch(_) | RpError::TooLate => Self::StartAgain,
            _ => Self::Failed,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Unavailable | Self::Failed => StatusCode::BAD_GATEWAY,
            Self::StartAgain => StatusCode::BAD_REQUEST,
            Self::AskToLink | Self::LinkedToAnother => StatusCode::CONFLICT,
            Self::Refused | Self::NotFresh | Self::NoAccount | Self::Disabled => {
                StatusCode::FORBIDDEN
            }
        }
    }

    /// Heading, what happened, what to do.
    fn keys(self) -> (Key, Key, Key) {
        match self {
            Self::Refused => (
                Key("federation-refused"),
                Key("federation-refused-what"),
                Key("federation-refused-advice"),
            ),
            Self::Unavailable => (
                Key("federation-unavailable"),
                Key("federation-unavailable-what"),
                Key("federation-unavailable-advice"),
            ),
            Self::Failed => (
                Key("federation-failed"),
                Key("federation-failed-what"),
                Key("federation-failed-advice"),
            ),
            Self::StartAgain => (
                Key("federation-start-again"),
                Key("federation-start-again-what"),
                Key("federation-start-again-advice"),
            ),
            Self::NotFresh => (
                Key("federation-not-fresh"),
                Key("federation-not-fresh-what"),
                Key("federation-not-fresh-advice"),
            ),
            Self::NoAccount => (
                Key("federation-no-account"),
                Key("federation-no-account-what"),
                Key("federation-no-account-advice"),
            ),
            Self::AskToLink => (
                Key("federation-ask-to-link"),
                Key("federation-ask-to-link-what"),
                Key("federation-ask-to-link-advice"),
            ),
            Self::LinkedToAnother => (
                Key("federation-linked"),
                Key("federation-linked-what"),
                Key("federation-linked-advice"),
            ),
            Self::Disabled => (
                Key("federation-disabled"),
                Key("federation-disabled-what"),
                Key("federation-disabled-advice"),
            ),
        }
    }
}

/// RFC 6749 §4.1.2.1
fn is_outage(code: &str) -> bool {
    matches!(code, "temporarily_unavailable" | "server_error")
}

impl FederationPage<'_> {
    pub(crate) const CSP: &'static str = csp::STATIC;

    fn heading(&self) -> Message<'_> {
        self.shell
            .t_with(self.problem.keys().0)
            .name("provider", self.upstream)
    }

    fn what(&self) -> Message<'_> {
        let text = self.shell.t_with(self.problem.keys().1);
        let text = text.name("provider", self.upstream);
        match self.email {
            Some(email) => text.name("email", email),
            None => text,
        }
    }

    fn advice(&self) -> Message<'_> {
        self.shell
            .t_with(self.problem.keys().2)
            .name("provider", self.upstream)
    }

    /// The label of the way on.
    fn way_on(&self) -> &'static str {
        match self.problem {
            Problem::AskToLink => self.shell.t(Key("federation-ask-to-link-go")),
            _ => self.shell.t(Key("federation-again")),
        }
    }

    /// The page of a problem.
    pub(crate) fn show(
        ctx: &Ctx,
        problem: Problem,
        upstream: &Upstream,
        again: Option<String>,
    ) -> Response {
        Self::about(ctx, problem, upstream, (None, again))
    }

    /// The page of a problem with an address.
    pub(crate) fn about(
        ctx: &Ctx,
        problem: Problem,
        upstream: &Upstream,
        (email, again): (Option<&str>, Option<String>),
    ) -> Response {
        let page = FederationPage {
            shell: ctx.shell(),
            problem,
            upstream: &upstream.name,
            email,
            again,
        };
        let mut response = html(FederationPage::CSP, &page);
        *response.status_mut() = problem.status();
        error::logged(response)
    }
}

#[cfg(test)]
impl FederationPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |problem| Self {
            shell: Shell::sample(),
            problem,
            upstream: "Example ID",
            email: None,
            again: Some("/authorize?ticket=v1.ticket".to_owned()),
        };
        vec![
            ("federation_refused", page(Problem::Refused)),
            ("federation_unavailable", page(Problem::Unavailable)),
            ("federation_failed", page(Problem::Failed)),
            ("federation_start_again", page(Problem::StartAgain)),
            ("federation_not_fresh", page(Problem::NotFresh)),
            ("federation_no_account", page(Problem::NoAccount)),
            (
                "federation_ask_to_link",
                Self {
                    email: Some("alice@example.com"),
                    ..page(Problem::AskToLink)
                },
            ),
            ("federation_linked", page(Problem::LinkedToAnother)),
            ("federation_disabled", page(Problem::Disabled)),
            (
                "federation_hostile",
                Self {
                    upstream: crate::pages::HOSTILE,
                    email: Some(crate::pages::HOSTILE),
                    ..page(Problem::AskToLink)
                },
            ),
        ]
    }
}
