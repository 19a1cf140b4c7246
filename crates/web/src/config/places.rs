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

/// The line of each `[[section]]`, by the value of its `key`; empty for a text that is not TOML.
#[must_use]
pub fn lines(text: &str, section: &str, key: &str) -> Vec<(String, usize)> {
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
            DeValue::Table(table) => named(text, table, key),
            _ => None,
        })
        .collect()
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
        if let Some(before) = text.get(..name.span().start) {
            found.push((path.clone(), before.matches('\n').count() + 1));
        }
        if let DeValue::Table(inner) = value.get_ref() {
            collect(text, inner, &format!("{path}."), found);
        }
    }
}

fn named(text: &str, table: &DeTable<'_>, key: &str) -> Option<(String, usize)> {
    let (name, value) = table.iter().find(|(name, _)| *name.get_ref() == key)?;
    let DeValue::String(value) = value.get_ref() else {
        return None;
    };
    let before = text.get(..name.span().start)?;
    Some((value.to_string(), before.matches('\n').count() + 1))
}

#[cfg(test)]
mod tests {
    use super::{lines, lines_of_keys, positions};

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
    fn each_entry_of_a_list_has_its_line() {
        let text = "issuer = \"x\"\n\n[[clients]]\nclient_id = \"a\"\n[[clients]]\nscope = \"s\"\nclient_id = \"b\"\n[[users]]\nusername = \"a\"\n";
        let found = lines(text, "clients", "client_id");
        assert_eq!(found, [("a".to_owned(), 4), ("b".to_owned(), 7)]);
        assert_eq!(lines(text, "resources", "audience"), []);
        assert_eq!(lines("= 1", "clients", "client_id"), []);
    }
}
