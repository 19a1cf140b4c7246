//! What a file of `[mail] templates` replaces, by its name.

use cardea_protocol::{language::Lang, mail::MailTemplate};

/// A part of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Subject,
    Text,
    Html,
}

impl Part {
    const ALL: [Self; 3] = [Self::Subject, Self::Text, Self::Html];

    /// The end of its file name.
    fn extension(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "txt",
            Self::Html => "html",
        }
    }
}

/// What a file replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) part: Part,
    /// One mail in one language; `None` for what all mails share.
    pub(super) mail: Option<(MailTemplate, Lang)>,
}

impl Place {
    /// By the name of the file.
    pub(super) fn of(name: &str) -> Result<Self, String> {
        let form = "name files <mail>.<language>.<part>, such as password_reset.de.html; mail.txt and mail.html are for all mails";
        let part = |text: &str| Part::ALL.into_iter().find(|p| p.extension() == text);
        match *name.split('.').collect::<Vec<_>>() {
            ["mail", end] => match part(end) {
                Some(part @ (Part::Text | Part::Html)) => Ok(Self { part, mail: None }),
                _ => Err(format!("\".{end}\" is not a part of all mails; {form}")),
            },
            [mail, lang, end] => {
                let known = MailTemplate::ALL.iter().find(|t| t.name() == mail);
                let template = known
                    .ok_or_else(|| format!("there is no mail \"{mail}\"; there are {}", names()))?;
                let language = Lang::ALL.into_iter().find(|l| l.as_str() == lang);
                let lang = language.ok_or_else(|| {
                    format!("there is no language \"{lang}\"; there are {}", languages())
                })?;
                let part = part(end).ok_or_else(|| {
                    format!("there is no part \"{end}\"; there are subject, txt and html")
                })?;
                Ok(Self {
                    part,
                    mail: Some((*template, lang)),
                })
            }
            _ => Err(form.to_owned()),
        }
    }

    /// The name of its file.
    pub(super) fn name(self) -> String {
        let end = self.part.extension();
        match self.mail {
            Some((template, lang)) => format!("{}.{lang}.{end}", template.name()),
            None => format!("mail.{end}"),
        }
    }
}

/// The names of all mails.
pub(super) fn names() -> String {
    let names = MailTemplate::ALL.iter().map(|template| template.name());
    names.collect::<Vec<_>>().join(", ")
}

/// All languages.
pub(super) fn languages() -> String {
    Lang::ALL.map(Lang::as_str).join(", ")
}
