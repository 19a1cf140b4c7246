//! What is printed: JSON for programs, short aligned text for people.

use std::io::Write as _;

use jiff::Timestamp;
use serde_json::Value;

/// Where answers go.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// Prints an answer: as it is, or in words.
    pub(crate) fn answer(
        self,
        answer: &Value,
        words: impl FnOnce(&Value) -> String,
    ) -> anyhow::Result<()> {
        let text = match self.json {
            true => serde_json::to_string_pretty(answer)?,
            false => words(answer),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", text.trim_end())?;
        Ok(out.flush()?)
    }

    /// Prints a list.
    pub(crate) fn list(self, answer: &Value, list: &List<'_>) -> anyhow::Result<()> {
        self.answer(answer, |answer| {
            let items = answer.get("items").and_then(Value::as_array);
            let items = items.map(Vec::as_slice).unwrap_or_default();
            if items.is_empty() {
                return list.empty.to_owned();
            }
            let mut rows = vec![list.columns.iter().map(|c| (*c).to_owned()).collect()];
            rows.extend(items.iter().map(list.row));
            let mut text = table(&rows);
            if let Some(next) = answer.get("next_offset").and_then(Value::as_u64) {
                text.push_str(&format!("\nThere may be more: --offset {next}\n"));
            }
            text
        })
    }
}

/// How a list looks to people.
pub(crate) struct List<'a> {
    pub(crate) columns: &'a [&'a str],
    pub(crate) row: fn(&Value) -> Vec<String>,
    /// What stands there when nothing does.
    pub(crate) empty: &'a str,
}

/// Aligned columns; the last one is as long as it likes.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|c| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Names come from people: none may move the cursor of a terminal.
            let cell: String = cell
                .chars()
                .map(|c| if c.is_control() { '?' } else { c })
                .collect();
            line.push_str(&format!("{cell:<width$}   "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The members of an object, a line each: first these in their order, then the others. What is nothing isn't told.
pub(crate) fn details(object: &Value, first: &[&str]) -> String {
    let Some(members) = object.as_object() else {
        return String::new();
    };
    let others = members.keys().map(String::as_str);
    let others = others.filter(|name| !first.contains(name));
    let mut rows = Vec::new();
    for name in first.iter().copied().chain(others) {
        let lines = match members.get(name) {
            Some(Value::Array(items)) => items.iter().map(plain).collect(),
            Some(Value::Object(inner)) => inner
                .iter()
                .map(|(k, v)| format!("{k}: {}", plain(v)))
                .collect(),
            Some(value) => vec![plain(value)],
            None => Vec::new(),
        };
        let lines = lines.into_iter().filter(|line| !line.is_empty());
        for (index, line) in lines.enumerate() {
            let name = if index == 0 { name } else { "" };
            rows.push(vec![name.to_owned(), line]);
        }
    }
    table(&rows)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => when(text).unwrap_or_else(|| text.clone()),
        other => other.to_string(),
    }
}

/// A time to the second.
fn when(text: &str) -> Option<String> {
    let time: Timestamp = text.parse().ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// A member in words; nothing for what isn't there.
pub(crate) fn word(object: &Value, member: &str) -> String {
    match object.get(member) {
        Some(Value::Array(items)) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Some(value) => plain(value),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_aligned_and_no_cell_moves_the_cursor() {
        let rows = [
            vec!["a".into(), "b".into()],
            vec!["long".into(), "\u{1b}[2J".into()],
        ];
        assert_eq!(table(&rows), "a      b\nlong   ?[2J\n");
    }

    #[test]
    fn details_tell_what_is_there_and_leave_out_what_is_not() {
        let client = json!({ "scope": "openid", "client_id": "spa", "jwks": null, "uris": ["a", "b"],
            "created_at": "2026-01-02T03:04:05.678Z" });
        assert_eq!(
            details(&client, &["client_id"]),
            "client_id    spa\ncreated_at   2026-01-02 03:04:05 UTC\nscope        openid\nuris         a\n             b\n"
        );
    }
}
