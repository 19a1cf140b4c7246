//! Members of a provider's metadata, read as providers write them: what is optional and of another JSON type is as if it were
//! absent.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

/// A text without which nothing works: of another type the document is refused. `null` counts as absent.
pub(super) fn required<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(input)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(D::Error::custom("an endpoint is not a text")),
    }
}

/// A text.
pub(super) fn text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    })
}

/// A list of texts, or one text. RFC 8414 §2: a list without elements is to be omitted, so it counts as absent.
pub(super) fn texts<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<String>>, D::Error> {
    let list = match Value::deserialize(input)? {
        Value::Array(list) => list,
        text @ Value::String(_) => vec![text],
        _ => return Ok(None),
    };
    let texts = list.into_iter().filter_map(|one| match one {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    });
    Ok(Some(texts.collect()).filter(|texts: &Vec<String>| !texts.is_empty()))
}

/// A flag, also as a text.
pub(super) fn flag<'de, D: Deserializer<'de>>(input: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::Bool(flag) => Some(flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    })
}
