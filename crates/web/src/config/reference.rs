//! The reference page, generated from the doc comments of the settings.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde_json::Value;

use super::schema::{Kind, Place, Schema};

/// A Markdown page of all keys: one table per section, with type, default and description.
#[must_use]
pub fn reference_markdown<T: JsonSchema>() -> String {
    let schema = Schema::of::<T>();
    let mut page = String::new();
    section(&mut page, schema.root(), "", 0);
    page
}

fn section(page: &mut String, place: Place<'_>, path: &str, depth: usize) {
    let fields = place.properties().into_iter().flatten();
    let (sections, keys): (Vec<_>, Vec<_>) = fields
        .filter_map(|(name, node)| Some((name, node, place.key(name)?)))
        .partition(|(_, _, inner)| is_section(*inner));
    if !keys.is_empty() {
        line(page, "| key | type | default | meaning |");
        line(page, "|---|---|---|---|");
    }
    for (name, node, inner) in keys {
        let kind = kind(inner);
        let default = default(node, place.required(name));
        let meaning = describe(node, inner);
        line(
            page,
            &format!("| `{name}` | {kind} | {default} | {meaning} |"),
        );
    }
    // The settings are a tree of a few levels; the bound is for recursive types.
    if depth == 6 {
        return;
    }
    for (name, node, inner) in sections {
        let many = inner.kind() == Kind::List;
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let title = if many {
            format!("[[{path}]]")
        } else {
            format!("[{path}]")
        };
        line(page, &format!("\n## `{title}`\n"));
        line(page, &format!("{}\n", describe(node, inner)));
        let inner = if many {
            inner.element().unwrap_or(inner)
        } else {
            inner
        };
        section(page, inner, &path, depth + 1);
    }
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// A table of its own, or a list of such.
fn is_section(place: Place<'_>) -> bool {
    match place.kind() {
        Kind::List => place
            .element()
            .is_some_and(|one| one.properties().is_some()),
        _ => place.properties().is_some(),
    }
}

fn kind(place: Place<'_>) -> String {
    let choices: Vec<_> = place
        .choices()
        .map(|word| format!("`\"{word}\"`"))
        .collect();
    if !choices.is_empty() {
        return choices.join(", ");
    }
    match place.kind() {
        Kind::List => match place.element() {
            Some(element) => format!("list of {}", kind(element)),
            None => "list".to_owned(),
        },
        Kind::Text => match place.text("format") {
            Some("duration") => "time".to_owned(),
            Some("password") => "secret".to_owned(),
            _ => "text".to_owned(),
        },
        Kind::Integer => "whole number".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Boolean => "true or false".to_owned(),
        Kind::Table => "table".to_owned(),
        Kind::Any => "any value".to_owned(),
    }
}

fn default(node: &Value, required: bool) -> String {
    match node.get("default") {
        _ if required => "required".to_owned(),
        // An empty default means that the key must be set.
        Some(Value::String(text)) if text.is_empty() => "required".to_owned(),
        None | Some(Value::Null) => "none".to_owned(),
        Some(value) => format!("`{value}`"),
    }
}

/// The doc comment of the field, else of its type, on one line.
fn describe(node: &Value, place: Place<'_>) -> String {
    let own = node.get("description").and_then(Value::as_str);
    let text = own
        .or_else(|| place.text("description"))
        .unwrap_or_default();
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let separator = if line.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(line, "{separator}{}", word.replace('|', "\\|"));
    }
    line
}
