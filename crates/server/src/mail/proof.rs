//! Templates in files, proved by samples: each file is rendered before it is used.

use cardea_protocol::mail::{AddressError, Mail, MailTemplate, MailValue};

use super::{
    place::{Part, Place},
    sample,
    templates::{Templates, text_of},
    words::{needs_link, words},
};
use crate::{
    config::{ConfigProblem, MailConfig},
    pages::Colour,
};

const KEY: &str = "mail.templates";
/// A value that must not become markup.
const HOSTILE: &str = "<i data-x=\"'\">";

impl Templates {
    /// The files of the configuration, each proved.
    pub(crate) fn of(config: &MailConfig) -> Result<Self, Vec<ConfigProblem>> {
        let folder = config.templates.as_deref();
        let templates = Self::read(folder)?;
        let mut problems = Vec::new();
        for place in templates.places() {
            if let Err(what) = templates.prove(*place) {
                let folder = folder.unwrap_or_default();
                let what = format!("{folder}/{}{what}", place.name());
                problems.push(ConfigProblem::new(KEY, what));
            }
        }
        match problems.is_empty() {
            true => Ok(templates),
            false => Err(problems),
        }
    }

    /// Renders a file with samples of its mail, or of all. What is wrong begins with its line, where it is known.
    fn prove(&self, place: Place) -> Result<(), String> {
        let of_all = || MailTemplate::ALL.iter().map(|t| (*t, Default::default()));
        let mails: Vec<_> = match place.mail {
            Some(one) => vec![one],
            None => of_all().collect(),
        };
        for (template, lang) in mails {
            let odd = |e: AddressError| format!(": {e}");
            let full = sample::full(template, lang).map_err(odd)?;
            self.shows(place, &full)?;
            self.shows(place, &sample::bare(template, lang).map_err(odd)?)?;
            let values = MailValue::ALL.iter();
            let texts = values.filter(|v| !matches!(v, MailValue::Time | MailValue::Count));
            let hostile = texts.fold(full, |mail, value| mail.with(*value, HOSTILE));
            self.shows(place, &hostile)?;
        }
        Ok(())
    }

    fn shows(&self, place: Place, mail: &Mail) -> Result<(), String> {
        let frame = sample::frame(mail.lang(), "Example", Colour::BLACK);
        let words = words(mail, &frame);
        let shown = self.try_render(place, mail, &words).map_err(|e| {
            let line = e.line().map_or(String::new(), |line| format!(":{line}"));
            format!("{line}: {}", text_of(&e))
        })?;
        let name = mail.template().name();
        match place.part {
            Part::Subject if shown.is_empty() || shown.contains(char::is_control) => {
                Err(": a subject is one line with a text".to_owned())
            }
            Part::Html if shown.contains(HOSTILE) => Err(
                ": a value is written without escaping; remove the filter safe and the tag autoescape".to_owned(),
            ),
            // `&` and `=` are escaped in HTML.
            Part::Text | Part::Html if needs_link(mail.template()) && !shown.contains("TOKEN") => {
                Err(format!(": {name} needs its link: write {{{{ link.url }}}}"))
            }
            _ => Ok(()),
        }
    }
}
