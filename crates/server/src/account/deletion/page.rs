use askama::Template;

use crate::{
    account::frame::Frame,
    pages::{Shell, When, csp},
};

/// What the deletion of the account means, before it is requested.
#[derive(Template)]
#[template(path = "account/deletion/page.html")]
pub(crate) struct DeletionPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    /// Until when it can be taken back.
    pub(crate) delete_at: When,
    /// Where a mail goes, if one does.
    pub(crate) mail_to: Option<String>,
}

/// The deletion was requested; the user is signed out.
#[derive(Template)]
#[template(path = "account/deletion/requested.html")]
pub(crate) struct RequestedPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) delete_at: When,
}

impl DeletionPage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

impl RequestedPage<'_> {
    pub(crate) const CSP: &'static str = csp::STATIC;
}

#[cfg(test)]
impl DeletionPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{journey::goal::AccountSection::Profile, pages::HOSTILE};

        let page = |frame, mail_to: Option<&str>| Self {
            shell: Shell::sample(),
            frame,
            delete_at: When::sample(-14 * 24 * 60),
            mail_to: mail_to.map(str::to_owned),
        };
        vec![
            (
                "account_deletion",
                page(Frame::bare_sample(Profile), Some("alice@example.test")),
            ),
            (
                "account_deletion_without_mail",
                page(Frame::bare_sample(Profile), None),
            ),
            (
                "account_deletion_hostile",
                page(Frame::hostile_sample(Profile), Some(HOSTILE)),
            ),
        ]
    }
}

#[cfg(test)]
impl RequestedPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            shell: Shell::sample(),
            delete_at: When::sample(-14 * 24 * 60),
        };
        vec![("account_deletion_requested", page)]
    }
}
