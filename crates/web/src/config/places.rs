//! The places of keys and list entries in the file.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// The line and column of each key, section and list entry, by its path such as `tls.cert_file` or `routes[1].prefix`; empty for a
/// text that is not TOML. Both count from one, columns in characters.
#[must_use]
pub fn positions(text: &str) -> BTreeMap<String, (usize, usize)> {
    let mut found = BTreeMap::new();
    if let Ok(root) = DeTable::parse(text) {
        let mut collect = Positions {
            text,
            found: &mut found,
        };
        collect.table(root.get_ref(), "");
    }
    found
}

struct Positions<'a> {
    text: &'a str,
    found: &'a mut BTreeMap<String, (usize, usize)>,
}

impl Positions<'_> {
    fn table(&mut self, table: &DeTable<'_>, prefix: &str) {
        for (name, value) in table {
            let path = format!("{prefix}{}", name.get_ref());
            self.note(&path, name.span().start);
            self.value(value.get_ref(), &path);
        }
    }

    fn value(&mut self, value: &DeValue<'_>, path: &str) {
        match value {
            DeValue::Table(inner) => self.table(inner, &format!("{path}.")),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.note(&path, item.span().start);
                    self.value(item.get_ref(), &path);
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, path: &str, offset: usize) {
        let Some(before) = self.text.get(..offset) else {
            return;
        };
        let line = before.rsplit('\n').next().unwrap_or_default();
        let place = (before.matches('\n').count() + 1, line.chars().count() + 1);
        self.found.insert(path.to_owned(), place);
    }
}

/// An entry of a list of sections, such as `[[clients]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value of the key that names the entry; empty without it.
    pub name: String,
    /// The line of that key, else of the section.
    pub line: usize,
    /// The lines of its keys, by their dotted paths.
    pub keys: Vec<(String, usize)>,
}

/// Each `[[section]]` in its order, named by the value of `key`; empty for a text that is not TOML.
#[must_use]
pub fn entries(text: &str, section: &str, key: &str) -> Vec<Entry> {
    let Ok(root) = DeTable::parse(text) else {
        return Vec::new();
    };
    let entries = root.get_ref().iter();
    let of_section = entries.filter(|(name, _)| *name.get_ref() == section);
    let items = of_section.filter_map(|(_, value)| match value.get_ref() {
        DeValue::Array(items) => Some(items.iter()),
        _ => None,
    });
    items
        .flatten()
        .filter_map(|item| match item.get_ref() {
            DeValue::Table(table) => Some(entry(text, item.span().start, table, key)),
            _ => None,
        })
        .collect()
}

fn entry(text: &str, start: usize, table: &DeTable<'_>, key: &str) -> Entry {
    let mut keys = Vec::new();
    collect(text, table, "", &mut keys);
    let named = table.get(key).and_then(|value| match value.get_ref() {
        DeValue::String(name) => Some(name.to_string()),
        _ => None,
    });
    let line = keys.iter().find(|(path, _)| path == key);
    Entry {
        name: named.unwrap_or_default(),
        line: line.map_or_else(|| line_at(text, start), |(_, line)| *line),
        keys,
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.matches('\n').count() + 1
}

/// The line of each key and section outside of lists, by its dotted path; empty for a text that is not TOML.
#[must_use]
pub fn lines_of_keys(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    if let Ok(root) = DeTable::parse(text) {
        collect(text, root.get_ref(), "", &mut found);
    }
    found
}

fn collect(text: &str, table: &DeTable<'_>, prefix: &str, found: &mut Vec<(String, usize)>) {
    for (name, value) in table {
        let path = format!("{prefix}{}", name.get_ref());
        found.push((path.clone(), line_at(text, name.span().start)));
        if let DeValue::Table(inner) = value.get_ref() {
            collect(text, inner, &format!("{path}."), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{entries, lines_of_keys, positions};

    #[test]
    fn n15_each_key_and_entry_has_its_line_and_column() {
        let text = "listen = [\"a\", \"é\",\n  \"b\"]\ntls.key_file = \"k\"\n[[routes]]\nprefix = \"/\"\n[[routes]]\n  upstream = { name = \"x\" }\n[[a.b]]\n[[a.b.c]]\nd = 1\n";
        let found = positions(text);
        for (path, place) in [
            ("listen", (1, 1)),
            ("listen[1]", (1, 16)),
            ("listen[2]", (2, 3)),
            ("tls.key_file", (3, 5)),
            ("routes[0].prefix", (5, 1)),
            ("routes[1]", (6, 1)),
            ("routes[1].upstream", (7, 3)),
            ("routes[1].upstream.name", (7, 16)),
            ("a.b[0].c[0].d", (10, 1)),
        ] {
            assert_eq!(found.get(path), Some(&place), "{path}");
        }
        assert!(positions("= 1").is_empty());
    }

    #[test]
    fn each_key_has_its_line() {
        let text = "issuer = \"x\"\n[tokens]\ncode_ttl = \"1s\"\n[limits]\n[[users]]\n";
        let mut found = lines_of_keys(text);
        found.sort();
        let expected = [
            ("issuer", 1),
            ("limits", 4),
            ("tokens", 2),
            ("tokens.code_ttl", 3),
            ("users", 5),
        ];
        assert_eq!(found, expected.map(|(path, line)| (path.to_owned(), line)));
        assert_eq!(lines_of_keys("= 1"), []);
    }

    #[test]
    fn n15_each_entry_of_a_list_and_each_of_its_keys_has_its_line() {
        let text = "issuer = \"x\"\n\n[[clients]]\nclient_id = \"a\"\n[[clients]]\nscope = \"s\"\nclient_id = \"b\"\n\
                    [[clients]]\nscope = \"t\"\n[clients.jwks]\nkeys = []\n[[users]]\nusername = \"a\"\n";
        let found = entries(text, "clients", "client_id");
        let named = |entry: &super::Entry| (entry.name.clone(), entry.line);
        let named: Vec<_> = found.iter().map(named).collect();
        let expected = [("a", 4), ("b", 7), ("", 8)];
        assert_eq!(named, expected.map(|(name, line)| (name.to_owned(), line)));
        assert!(found[1].keys.contains(&("scope".to_owned(), 6)));
        assert!(found[2].keys.contains(&("jwks.keys".to_owned(), 11)));
        assert_eq!(entries(text, "resources", "audience"), []);
        assert_eq!(entries("= 1", "clients", "client_id"), []);
    }
}
