use askama::Template;

use crate::{
    account::frame::Frame,
    pages::{Shell, csp},
};

/// The change of the address.
#[derive(Template)]
#[template(path = "account/profile/email/page.html")]
pub(crate) struct EmailPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    /// The address now.
    pub(crate) current: Option<&'a str>,
    pub(crate) view: View<'a>,
}

/// What the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View<'a> {
    Form {
        entered: &'a str,
        /// Whether what was entered is no address.
        bad: bool,
    },
    /// A mail was sent. It is said whether or not the address has an account.
    Sent { to: &'a str },
    /// Addresses can't be confirmed.
    NoMail,
}

impl EmailPage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

#[cfg(test)]
impl EmailPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{journey::goal::AccountSection::Profile, pages::HOSTILE};

        let page = |current, view| Self {
            shell: Shell::sample(),
            frame: Frame::bare_sample(Profile),
            current,
            view,
        };
        let alice = Some("alice@example.test");
        let form = |entered, bad| View::Form { entered, bad };
        let sent = View::Sent {
            to: "new@example.test",
        };
        vec![
            ("account_email", page(alice, form("", false))),
            ("account_email_first", page(None, form("", false))),
            ("account_email_bad", page(alice, form("new@", true))),
            ("account_email_sent", page(alice, sent)),
            ("account_email_no_mail", page(alice, View::NoMail)),
            (
                "account_email_hostile",
                Self {
                    frame: Frame::hostile_sample(Profile),
                    ..page(Some(HOSTILE), form(HOSTILE, true))
                },
            ),
            (
                "account_email_sent_hostile",
                page(None, View::Sent { to: HOSTILE }),
            ),
        ]
    }
}
