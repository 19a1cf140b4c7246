use askama::Template;

use crate::{
    account::frame::Frame,
    pages::{Shell, csp},
};

/// What a user downloads.
#[derive(Template)]
#[template(path = "account/export/page.html")]
pub(crate) struct ExportPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
}

impl ExportPage<'_> {
    /// It has no script: the page stays after its form was sent, and the script would wait for another one.
    pub(crate) const CSP: &'static str = csp::STATIC;
}

#[cfg(test)]
impl ExportPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::journey::goal::AccountSection::Profile;

        let page = |frame| Self {
            shell: Shell::sample(),
            frame,
        };
        vec![
            ("account_export", page(Frame::bare_sample(Profile))),
            (
                "account_export_hostile",
                page(Frame::hostile_sample(Profile)),
            ),
        ]
    }
}
