//! Takes a value that cannot be read out of the file, so that the next one is found too.

use std::ops::Range;

use toml::de::{DeArray, DeTable, DeValue};

/// The keys whose values were taken out.
#[derive(Default)]
pub(super) struct Removed(Vec<String>);

impl Removed {
    /// Whether the error is that a key is missing which was taken out.
    pub(super) fn caused(&self, error: &toml::de::Error) -> bool {
        let message = error.message();
        let named = |key: &String| message == format!("missing field `{key}`");
        self.0.iter().any(named)
    }

    /// Takes out the smallest value at the place of the error. `false` if there is none.
    pub(super) fn take(&mut self, root: &mut DeTable<'_>, error: &toml::de::Error) -> bool {
        match error.span() {
            Some(span) => self.in_table(root, &span),
            None => false,
        }
    }

    fn in_table(&mut self, table: &mut DeTable<'_>, wanted: &Range<usize>) -> bool {
        // First the values within: the span of a section need not contain those of its keys.
        if table
            .iter_mut()
            .any(|(_, value)| self.in_value(value.get_mut(), wanted))
        {
            return true;
        }
        let found = table
            .iter()
            .find(|(key, value)| holds(&value.span(), wanted) || holds(&key.span(), wanted));
        let Some(name) = found.map(|(key, _)| key.get_ref().to_string()) else {
            return false;
        };
        table.remove(name.as_str());
        self.0.push(name);
        true
    }

    fn in_value(&mut self, value: &mut DeValue<'_>, wanted: &Range<usize>) -> bool {
        match value {
            DeValue::Table(table) => self.in_table(table, wanted),
            DeValue::Array(items) => {
                let inner = items
                    .iter_mut()
                    .any(|item| self.in_value(item.get_mut(), wanted));
                let at = items.iter().position(|item| holds(&item.span(), wanted));
                match at {
                    Some(at) if !inner => {
                        let all = std::mem::replace(items, DeArray::new())
                            .into_iter()
                            .enumerate();
                        *items = all
                            .filter(|(i, _)| *i != at)
                            .map(|(_, item)| item)
                            .collect();
                        true
                    }
                    _ => inner,
                }
            }
            _ => false,
        }
    }
}

fn holds(span: &Range<usize>, wanted: &Range<usize>) -> bool {
    span.start <= wanted.start && wanted.end <= span.end
}
