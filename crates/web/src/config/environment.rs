//! Environment variables such as `CARDEA__TOKENS__ACCESS_TOKEN_TTL=15m` override scalar keys outside of lists.

use std::borrow::Cow;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::{ConfigError, Source},
    schema::{Kind, Place},
    unknown::advice,
};

const PREFIX: &str = "CARDEA__";

/// An environment variable with our prefix.
pub(super) struct Variable {
    pub(super) name: String,
    value: String,
}

/// The variables with our prefix, sorted.
pub(super) fn ours(all: impl Iterator<Item = (String, String)>) -> Vec<Variable> {
    let mut variables: Vec<_> = all
        .filter(|(name, _)| name.starts_with(PREFIX))
        .map(|(name, value)| Variable { name, value })
        .collect();
    variables.sort_by(|one, other| one.name.cmp(&other.name));
    variables
}

/// Writes the variables into the table.
pub(super) fn overlay<'i>(
    root: &mut DeTable<'i>,
    place: Place<'_>,
    variables: &'i [Variable],
    source: &Source,
) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    for (index, variable) in variables.iter().enumerate() {
        let span = source.span_of_variable(index);
        let path = variable.name.strip_prefix(PREFIX).unwrap_or_default();
        let keys: Vec<_> = path.split("__").map(str::to_ascii_lowercase).collect();
        if let Err(problem) = set(root, place, &keys, &variable.value, span.clone()) {
            errors.push(source.error(span, problem.message, problem.help));
        }
    }
    errors
}

struct Problem {
    message: String,
    help: Option<String>,
}

impl Problem {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }
}

fn set<'i>(
    table: &mut DeTable<'i>,
    place: Place<'_>,
    keys: &[String],
    value: &'i str,
    span: std::ops::Range<usize>,
) -> Result<(), Problem> {
    let Some((first, rest)) = keys.split_first() else {
        return Err(Problem::new("the variable names no key"));
    };
    let inner = place.key(first).ok_or_else(|| Problem {
        message: format!("unknown key `{first}`"),
        help: Some(advice(place, first)),
    })?;
    let key = Spanned::new(span.clone(), Cow::Owned(first.clone()));
    if rest.is_empty() {
        let value = scalar(inner, value)?;
        table.insert(key, Spanned::new(span, value));
        return Ok(());
    }
    if inner.kind() != Kind::Table {
        return Err(Problem::new(format!("`{first}` is not a section")));
    }
    if !table.contains_key(first.as_str()) {
        let empty = DeValue::Table(DeTable::new());
        table.insert(key, Spanned::new(span.clone(), empty));
    }
    match table.get_mut(first.as_str()).map(Spanned::get_mut) {
        Some(DeValue::Table(section)) => set(section, inner, rest, value, span),
        _ => Err(Problem::new(format!(
            "`{first}` is not a section in the file"
        ))),
    }
}

/// Typed by the schema, so that a password of digits remains a string. Errors do not contain the value.
fn scalar<'i>(place: Place<'_>, value: &'i str) -> Result<DeValue<'i>, Problem> {
    let expected = match place.kind() {
        Kind::Text => return Ok(DeValue::String(Cow::Borrowed(value))),
        Kind::Integer => "a whole number",
        Kind::Number => "a number",
        Kind::Boolean => "`true` or `false`",
        Kind::List | Kind::Table | Kind::Any => {
            return Err(Problem {
                message: "only single values can be set by a variable".to_owned(),
                help: Some("write lists and sections in the file".to_owned()),
            });
        }
    };
    let wrong = || Problem::new(format!("the value must be {expected}"));
    let parsed = DeValue::parse(value.trim())
        .map_err(|_| wrong())?
        .into_inner();
    match (place.kind(), &parsed) {
        (Kind::Integer | Kind::Number, DeValue::Integer(_))
        | (Kind::Number, DeValue::Float(_))
        | (Kind::Boolean, DeValue::Boolean(_)) => Ok(parsed),
        _ => Err(wrong()),
    }
}
