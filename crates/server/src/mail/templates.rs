//! Files that replace parts of mails (`[mail] templates`): `<mail>.<language>.<part>` for one mail, `mail.txt` and `mail.html` for
//! what all mails share. They are read and checked at the start.

use std::{collections::HashSet, path::Path};

use cardea_protocol::mail::Mail;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};

use super::{
    place::{Part, Place},
    variables::{self, VARIABLES},
    words::Words,
};
use crate::config::ConfigProblem;

/// The setting.
const KEY: &str = "mail.templates";
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Instructions of one rendering: a template that loops fails.
const FUEL: u64 = 200_000;

/// The files of the folder.
pub(crate) struct Templates {
    env: Environment<'static>,
    places: Vec<Place>,
}

impl Default for Templates {
    fn default() -> Self {
        Self {
            env: environment(),
            places: Vec::new(),
        }
    }
}

impl Templates {
    /// Reads the folder. A file that can't be parsed, or has a name that nothing reads, is a problem.
    pub(super) fn read(folder: Option<&str>) -> Result<Self, Vec<ConfigProblem>> {
        let mut read = Self::default();
        let Some(folder) = folder.map(Path::new) else {
            return Ok(read);
        };
        let problem = |path: &Path, what: &str| {
            ConfigProblem::new(KEY, format!("{}: {what}", path.display()))
        };
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(|e| vec![problem(folder, &e.to_string())])?;
        let mut paths: Vec<_> = entries.iter().map(std::fs::DirEntry::path).collect();
        paths.sort();
        let mut problems = Vec::new();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // Editors and mounted volumes keep files of their own.
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            match Place::of(&name) {
                Ok(place) => match read.add(place, &path) {
                    Ok(()) => read.places.push(place),
                    Err(what) => problems.push(ConfigProblem::new(KEY, what)),
                },
                Err(what) => problems.push(problem(&path, &what)),
            }
        }
        match problems.is_empty() {
            true => Ok(read),
            false => Err(problems),
        }
    }

    /// Parses a file. An error begins with the file and, where it is known, the line.
    fn add(&mut self, place: Place, path: &Path) -> Result<(), String> {
        let shown = path.display();
        let failed = |e: std::io::Error| format!("{shown}: {e}");
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size > MAX_FILE_BYTES {
            return Err(format!(
                "{shown}: it has {size} bytes; at most {MAX_FILE_BYTES} are read"
            ));
        }
        let source = std::fs::read_to_string(path).map_err(failed)?;
        let name = place.name();
        let at = |line: Option<usize>| line.map_or(format!("{shown}"), |n| format!("{shown}:{n}"));
        let added = self.env.add_template_owned(name.clone(), source.clone());
        added.map_err(|e| format!("{}: {}", at(e.line()), text_of(&e)))?;
        let Ok(template) = self.env.get_template(&name) else {
            return Err(format!("{shown}: it can't be read"));
        };
        let used = template.undeclared_variables(false);
        let functions: HashSet<&str> = self.env.globals().map(|(name, _)| name).collect();
        let known = |name: &str| VARIABLES.contains(&name) || functions.contains(name);
        let mut unknown: Vec<_> = used.iter().filter(|name| !known(name)).collect();
        unknown.sort();
        match unknown.first() {
            None => Ok(()),
            Some(name) => Err(format!(
                "{}: there is no variable \"{name}\"; there are {}",
                at(line_of(&source, name)),
                VARIABLES.join(", ")
            )),
        }
    }

    /// The files.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// The part of a mail by the file that replaces it. `None` if there is no file. A file that fails, although it was checked,
    /// must not cost the mail: it is logged, and the mail has Cardea's own part.
    pub(super) fn render(&self, part: Part, mail: &Mail, words: &Words<'_>) -> Option<String> {
        let own = Some((mail.template(), mail.lang()));
        let has = |mail| self.places.contains(&Place { part, mail });
        let mail_of_file = [own, None].into_iter().find(|mail| has(*mail))?;
        let place = Place {
            part,
            mail: mail_of_file,
        };
        match self.try_render(place, mail, words) {
            Ok(text) => Some(text),
            Err(error) => {
                let (file, line) = (place.name(), error.line());
                tracing::error!(
                    file,
                    line,
                    error = text_of(&error),
                    "a template of a mail failed"
                );
                None
            }
        }
    }

    /// The same of one file, with its error.
    pub(super) fn try_render(
        &self,
        place: Place,
        mail: &Mail,
        words: &Words<'_>,
    ) -> Result<String, Error> {
        let template = self.env.get_template(&place.name())?;
        let text = template.render(variables::of(place.part, mail, words))?;
        Ok(match place.part {
            Part::Subject => text.trim().to_owned(),
            Part::Text | Part::Html => text,
        })
    }
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_fuel(Some(FUEL));
    env.set_auto_escape_callback(|name| match name.ends_with(".html") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    env
}

/// An error without the name of the file.
pub(super) fn text_of(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// The line of the first use of a variable.
fn line_of(source: &str, name: &str) -> Option<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut lines = source.lines();
    let found = lines.position(|line| line.split(|c| !is_name(c)).any(|word| word == name));
    found.map(|index| index.saturating_add(1))
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
