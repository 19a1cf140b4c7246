//! The lines of list entries in the file.

use toml::de::{DeTable, DeValue};

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
    use super::{lines, lines_of_keys};

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
