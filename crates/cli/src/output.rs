//! What is printed: JSON for programs, else short aligned text.

use std::io::Write as _;

use cardea_server::admin::types::List;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// Where answers go.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// Prints an answer: as JSON, or as text.
    pub(crate) fn answer<T: Serialize>(
        self,
        answer: &T,
        words: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        let text = match self.json {
            true => escaped_json(&serde_json::to_string_pretty(&sorted(answer)?)?),
            false => escaped(&words(answer)),
        };
        print(&text)
    }

    /// Prints one row: a JSON document in one line, or its cells.
    pub(crate) fn row<T: Serialize>(self, row: &T, columns: &Columns<'_, T>) -> anyhow::Result<()> {
        let text = match self.json {
            true => one_line(row)?,
            false => table(&[(columns.row)(row)]),
        };
        print(&text)
    }

    /// Prints a list.
    pub(crate) fn list<T: Serialize>(
        self,
        list: &List<T>,
        columns: &Columns<'_, T>,
    ) -> anyhow::Result<()> {
        self.answer(list, |list| {
            if list.items.is_empty() {
                return columns.empty.to_owned();
            }
            let mut rows = vec![columns.names.iter().map(|c| (*c).to_owned()).collect()];
            rows.extend(list.items.iter().map(columns.row));
            let mut text = table(&rows);
            if let Some(next) = &list.next {
                text.push_str(&format!("\nThere are more: --after {next}\n"));
            }
            text
        })
    }
}

/// Prints a text for a terminal.
pub(crate) fn print_escaped(text: &str) -> anyhow::Result<()> {
    print(&escaped(text))
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    Ok(out.flush()?)
}

/// The members in alphabetical order.
fn sorted(answer: &impl Serialize) -> serde_json::Result<Value> {
    serde_json::to_value(answer)
}

/// A JSON document in one line.
pub(crate) fn one_line(answer: &impl Serialize) -> serde_json::Result<String> {
    Ok(escaped_json(&sorted(answer)?.to_string()))
}

/// A text for a terminal: characters that move the cursor, change the direction of text or are invisible are escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push(c),
            c if is_unsafe(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

/// The same for a JSON document, which stays one with the same meaning (RFC 8259 §7).
pub(crate) fn escaped_json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push(c),
            c if is_unsafe(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    safe.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Control characters, and format characters (Unicode category Cf) and separators that change how a line reads. The joiners within
/// emoji and some scripts (U+200C, U+200D) are among them: between other characters they make two names look the same.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// How a list looks as text.
pub(crate) struct Columns<'a, T> {
    pub(crate) names: &'a [&'a str],
    pub(crate) row: fn(&T) -> Vec<String>,
    /// The text for an empty list.
    pub(crate) empty: &'a str,
}

/// Aligned columns.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    // A line break in a cell would begin a row.
    let cell = |cell: &String| escaped(cell).replace('\n', "\\u{a}");
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(cell).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|c| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}   "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The members of an answer, a line each: first these in their order, then the others. Empty ones are left out.
pub(crate) fn details(answer: &impl Serialize, first: &[&str]) -> String {
    let Ok(Value::Object(members)) = sorted(answer) else {
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

/// A value as text: a list with spaces between its items, a missing value as nothing.
pub(crate) fn word(value: &impl Serialize) -> String {
    match sorted(value) {
        Ok(Value::Array(items)) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Ok(value) => plain(&value),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn t7_columns_are_aligned_and_no_cell_moves_the_cursor() {
        let rows = [
            vec!["a".into(), "b".into()],
            vec!["long".into(), "\u{1b}[2J\n".into()],
        ];
        assert_eq!(table(&rows), "a      b\nlong   \\u{1b}[2J\\u{a}\n");
    }

    #[test]
    fn t7_characters_that_change_how_a_line_reads_are_escaped() {
        for bad in [
            '\u{202e}',
            '\u{2066}',
            '\u{200f}',
            '\u{200b}',
            '\u{feff}',
            '\u{2028}',
            '\u{7}',
            '\u{9b}',
            '\u{7f}',
            '\r',
            '\u{e0041}',
            '\u{ad}',
            '\u{61c}',
        ] {
            let name = format!("ali{bad}ce");
            let shown = escaped(&name);
            assert_eq!(shown, format!("ali{}ce", bad.escape_unicode()));
            let json = json!({ "username": name });
            let printed = escaped_json(&json.to_string());
            assert!(!printed.contains(bad), "{printed}");
            assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), json);
        }
        assert_eq!(escaped("Zoë Müller 李 🙂\n"), "Zoë Müller 李 🙂\n");
    }

    #[test]
    fn details_leave_out_empty_members() {
        let client = json!({ "scope": "openid", "client_id": "spa", "jwks": null, "uris": ["a", "b"],
            "created_at": "2026-01-02T03:04:05.678Z" });
        assert_eq!(
            details(&client, &["client_id"]),
            "client_id    spa\nscope        openid\nuris         a\n             b\ncreated_at   2026-01-02 03:04:05 UTC\n"
        );
    }
}
