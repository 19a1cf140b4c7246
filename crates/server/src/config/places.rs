//! Where things stand in the configuration file, for messages.

use std::collections::BTreeMap;

use cardea_web::config::{Entry, entries, lines_of_keys};

use super::problem::ConfigProblem;

/// The lists of sections, each with the key that names an entry.
const LISTS: [(&str, &str); 8] = [
    ("clients", "client_id"),
    ("users", "username"),
    ("resources", "audience"),
    ("scopes", "name"),
    ("upstreams", "id"),
    ("roles", "name"),
    ("groups", "name"),
    ("organizations", "id"),
];

/// The file, and the lines of its keys and of the entries of its lists.
#[derive(Debug, Clone, Default)]
pub struct Places {
    file: String,
    keys: BTreeMap<String, usize>,
    /// By `section "name"`; several when the file has one twice.
    entries: BTreeMap<String, Vec<Entry>>,
}

impl Places {
    /// Of a file by this name with this text.
    #[must_use]
    pub fn of(file: &str, text: &str) -> Self {
        let mut all: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for (section, key) in LISTS {
            for entry in entries(text, section, key) {
                all.entry(name_of(section, &entry.name))
                    .or_default()
                    .push(entry);
            }
        }
        Self {
            file: file.to_owned(),
            keys: lines_of_keys(text).into_iter().collect(),
            entries: all,
        }
    }

    /// ` (cardea.toml:12)`, or as much of it as is known.
    pub(crate) fn client(&self, id: &str) -> String {
        let found = self.entries.get(&name_of("clients", id));
        self.show(found.and_then(|all| all.first()).map(|entry| &entry.line))
    }

    /// An entry of a list as the key of a problem: `clients "spa" (cardea.toml:12)`, with the line of the member if the file has
    /// it. Of entries with the same name, `occurrence` counts those before.
    pub(crate) fn entry(
        &self,
        section: &str,
        name: &str,
        occurrence: usize,
        member: &str,
    ) -> String {
        let key = name_of(section, name);
        let found = self.entries.get(&key).and_then(|all| all.get(occurrence));
        // One that is not in the file has no place in it.
        let Some(entry) = found else { return key };
        let lines: BTreeMap<&str, &usize> = entry.keys.iter().map(|(k, l)| (&**k, l)).collect();
        let line = nearest(member, |path| lines.get(path).copied()).unwrap_or(&entry.line);
        format!("{key}{}", self.show(Some(line)))
    }

    /// The problem with file and line, unless it has them already.
    #[must_use]
    pub fn locate(&self, problem: ConfigProblem) -> ConfigProblem {
        if self.file.is_empty() || problem.key.contains(&format!("({}", self.file)) {
            return problem;
        }
        let place = self.show(self.line(&problem.key));
        ConfigProblem {
            key: format!("{}{place}", problem.key),
            ..problem
        }
    }

    /// The line of a key, else of the section that it belongs to.
    fn line(&self, key: &str) -> Option<&usize> {
        match self.entries.get(key).and_then(|all| all.first()) {
            Some(entry) => Some(&entry.line),
            None => nearest(key, |path| self.keys.get(path)),
        }
    }

    fn show(&self, line: Option<&usize>) -> String {
        match (self.file.as_str(), line) {
            ("", _) => String::new(),
            (file, None) => format!(" ({file})"),
            (file, Some(line)) => format!(" ({file}:{line})"),
        }
    }
}

fn name_of(section: &str, name: &str) -> String {
    format!("{section} \"{name}\"")
}

/// The line of a dotted path, else of the longest part of it that has one.
fn nearest<'a>(path: &str, line: impl Fn(&str) -> Option<&'a usize>) -> Option<&'a usize> {
    let mut path = path;
    loop {
        match (line(path), path.rsplit_once('.')) {
            (Some(line), _) => return Some(line),
            (None, Some((section, _))) => path = section,
            (None, None) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n15_a_problem_has_the_line_of_its_key_or_section() {
        let text =
            "issuer = \"x\"\n[tokens]\ncode_ttl = \"1h\"\n[brand]\n[[users]]\nusername = \"a\"\n";
        let places = Places::of("cardea.toml", text);
        let at = |key: &str| places.locate(ConfigProblem::new(key, "wrong")).to_string();
        assert_eq!(at("issuer"), "issuer (cardea.toml:1): wrong");
        assert_eq!(
            at("tokens.code_ttl"),
            "tokens.code_ttl (cardea.toml:3): wrong"
        );
        assert_eq!(
            at("tokens.id_token_ttl"),
            "tokens.id_token_ttl (cardea.toml:2): wrong"
        );
        assert_eq!(
            at("brand.logo_file"),
            "brand.logo_file (cardea.toml:4): wrong"
        );
        assert_eq!(at("users \"a\""), "users \"a\" (cardea.toml:6): wrong");
        assert_eq!(at("listen"), "listen (cardea.toml): wrong");
        let twice = places.locate(places.locate(ConfigProblem::new("issuer", "wrong")));
        assert_eq!(twice.to_string(), "issuer (cardea.toml:1): wrong");
    }

    #[test]
    fn n15_an_entry_has_the_line_of_its_member_also_when_it_is_there_twice() {
        let text = "[[clients]]\nclient_id = \"a\"\nscope = \"x\"\n[[clients]]\nclient_id = \"a\"\nclaims = { b = 1 }\n";
        let places = Places::of("cardea.toml", text);
        let at = |occurrence, member: &str| places.entry("clients", "a", occurrence, member);
        assert_eq!(at(0, "scope"), "clients \"a\" (cardea.toml:3)");
        assert_eq!(at(0, "redirect_uris"), "clients \"a\" (cardea.toml:2)");
        assert_eq!(at(1, "scope"), "clients \"a\" (cardea.toml:5)");
        assert_eq!(at(1, "claims.b"), "clients \"a\" (cardea.toml:6)");
        assert_eq!(at(2, "scope"), "clients \"a\"");
        let located = places.locate(ConfigProblem::new(at(0, "scope"), "wrong"));
        assert_eq!(located.to_string(), "clients \"a\" (cardea.toml:3): wrong");
    }
}
