//! The registered value that is most like one that was sent.

use std::collections::BTreeSet;

/// Longer values are compared by their beginning, which bounds the work for a hostile one.
const MAX_COMPARED_CHARS: usize = 160;
/// From this likeness on a value may be what was meant.
const SIMILAR: f64 = 0.6;

/// The candidate most like `sent`.
pub fn nearest<'a>(sent: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    most_like(sent, candidates).map(|(_, candidate)| candidate)
}

/// The candidate most like `sent`, if it is like enough to be what was meant.
pub fn similar<'a>(sent: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (likeness, candidate) = most_like(sent, candidates)?;
    (likeness >= SIMILAR).then_some(candidate)
}

/// Up to so many names are all compared with one that was sent.
const ALL: usize = 100;
/// Of more names, so many before and after the one that was sent.
const NEIGHBOURS: usize = 4;

/// Registered names, ordered so that the few that are like an unknown one are found without comparing all.
#[derive(Debug, Default)]
pub struct NameIndex {
    /// By their beginning: letters and digits only, in lower case.
    by_beginning: BTreeSet<(String, String)>,
    /// By their end.
    by_end: BTreeSet<(String, String)>,
}

impl NameIndex {
    /// Of these names.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut index = Self::default();
        for name in names {
            let key = key(&name);
            index.by_end.insert((reversed(&key), name.clone()));
            index.by_beginning.insert((key, name));
        }
        index
    }

    /// The first few names.
    pub fn first(&self, count: usize) -> impl Iterator<Item = &str> {
        let names = self.by_beginning.iter().take(count);
        names.map(|(_, name)| name.as_str())
    }

    /// The name that may be meant by an unknown one.
    #[must_use]
    pub fn similar(&self, sent: &str) -> Option<&str> {
        if self.by_beginning.len() <= ALL {
            let all = self.by_beginning.iter().map(|(_, name)| name.as_str());
            return similar(sent, all);
        }
        let key = key(sent);
        let by_end = around(&self.by_end, reversed(&key));
        similar(sent, around(&self.by_beginning, key).chain(by_end))
    }
}

/// The neighbours of a key.
fn around(index: &BTreeSet<(String, String)>, key: String) -> impl Iterator<Item = &str> {
    let at = (key, String::new());
    let after = index.range(at.clone()..).take(NEIGHBOURS);
    let before = index.range(..at).rev().take(NEIGHBOURS);
    after.chain(before).map(|(_, name)| name.as_str())
}

fn key(name: &str) -> String {
    let known = name.chars().filter(|c| c.is_alphanumeric());
    let lower = known.flat_map(char::to_lowercase);
    lower.take(MAX_COMPARED_CHARS).collect()
}

fn reversed(key: &str) -> String {
    key.chars().rev().collect()
}

fn most_like<'a>(
    sent: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<(f64, &'a str)> {
    let short = |text: &str| -> String {
        let chars = text.trim().chars().take(MAX_COMPARED_CHARS);
        chars.flat_map(char::to_lowercase).collect()
    };
    let sent = short(sent);
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let likeness = strsim::normalized_damerau_levenshtein(&sent, &short(candidate));
        if best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, candidate));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::NameIndex;

    #[test]
    fn n3_the_name_that_was_meant_is_found_among_few_and_many() {
        let own = ["orders-app", "Warehouse_Scanner", "payroll"];
        for more in [0, 20_000] {
            let names = (0..more).map(|n| format!("client{:05}", n * 7919 % 100_003));
            let index = NameIndex::new(names.chain(own.map(str::to_owned)));
            for (sent, meant) in [
                ("Orders-App", Some("orders-app")),
                ("ordersapp", Some("orders-app")),
                (" orders-app/", Some("orders-app")),
                ("orders-ap", Some("orders-app")),
                ("orders-app-2", Some("orders-app")),
                ("ordres-app", Some("orders-app")),
                ("rders-app", Some("orders-app")),
                ("xorders-app", Some("orders-app")),
                ("warehouse-scanner", Some("Warehouse_Scanner")),
                ("pay roll", Some("payroll")),
                ("paylorl", Some("payroll")),
                ("", None),
                ("\u{1F600}", None),
                ("zzzzzzzzzz", None),
            ] {
                assert_eq!(index.similar(sent), meant, "{sent} of {more}");
            }
            let long = "orders-app".repeat(500);
            assert_eq!(index.similar(&long), None);
        }
        assert_eq!(NameIndex::default().similar("orders"), None);
        let index = NameIndex::new(own.map(str::to_owned));
        let first: Vec<_> = index.first(2).collect();
        assert_eq!(first, ["orders-app", "payroll"]);
    }
}
