//! Where things stand in the configuration file, for messages.

use std::collections::BTreeMap;

use cardea_web::config::{lines, lines_of_keys};

use super::problem::ConfigProblem;

/// The file, and the lines of its keys and of the entries of its lists.
#[derive(Debug, Clone, Default)]
pub struct Places {
    file: String,
    keys: BTreeMap<String, usize>,
    /// By `section "name"`.
    entries: BTreeMap<String, usize>,
}

impl Places {
    /// Of a file by this name with this text.
    #[must_use]
    pub fn of(file: &str, text: &str) -> Self {
        let sections = [
            ("clients", "client_id"),
            ("users", "username"),
            ("resources", "audience"),
        ];
        let entries = sections.into_iter().flat_map(|(section, key)| {
            let found = lines(text, section, key).into_iter();
            found.map(move |(name, line)| (entry(section, &name), line))
        });
        Self {
            file: file.to_owned(),
            keys: lines_of_keys(text).into_iter().collect(),
            entries: entries.collect(),
        }
    }

    /// ` (cardea.toml:12)`, or as much of it as is known.
    pub(crate) fn client(&self, id: &str) -> String {
        self.show(self.entries.get(&entry("clients", id)))
    }

    /// The problem with file and line, unless it has them already.
    #[must_use]
    pub fn locate(&self, problem: ConfigProblem) -> ConfigProblem {
        if self.file.is_empty() || problem.key.contains(&self.file) {
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
        if let Some(line) = self.entries.get(key) {
            return Some(line);
        }
        let mut path = key;
        loop {
            match (self.keys.get(path), path.rsplit_once('.')) {
                (Some(line), _) => return Some(line),
                (None, Some((section, _))) => path = section,
                (None, None) => return None,
            }
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

fn entry(section: &str, name: &str) -> String {
    format!("{section} \"{name}\"")
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
}
