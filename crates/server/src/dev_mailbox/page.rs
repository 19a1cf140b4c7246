use askama::Template;

use crate::{mail::mailbox::Kept, pages::Shell};

/// All mails.
#[derive(Template)]
#[template(path = "dev_mailbox/list.html")]
pub(crate) struct ListPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) mails: Vec<Kept>,
}

/// One mail.
#[derive(Template)]
#[template(path = "dev_mailbox/mail.html")]
pub(crate) struct MailPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) mail: Kept,
}

impl MailPage<'_> {
    /// The text in pieces; the second is whether a piece is a link.
    fn pieces(&self) -> Vec<(&str, bool)> {
        let lines = self.mail.text.split_inclusive('\n');
        let is_link = |line: &str| {
            let line = line.trim_end();
            (line.starts_with("https://") || line.starts_with("http://")) && !line.contains(' ')
        };
        lines.map(|line| (line, is_link(line))).collect()
    }
}
