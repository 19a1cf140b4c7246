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
    use super::lines;

    #[test]
    fn each_entry_of_a_list_has_its_line() {
        let text = "issuer = \"x\"\n\n[[clients]]\nclient_id = \"a\"\n[[clients]]\nscope = \"s\"\nclient_id = \"b\"\n[[users]]\nusername = \"a\"\n";
        let found = lines(text, "clients", "client_id");
        assert_eq!(found, [("a".to_owned(), 4), ("b".to_owned(), 7)]);
        assert_eq!(lines(text, "resources", "audience"), []);
        assert_eq!(lines("= 1", "clients", "client_id"), []);
    }
}
