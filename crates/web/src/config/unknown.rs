//! Reports all unknown keys at once, each with the most similar valid name.

use toml::de::{DeTable, DeValue};

use super::{
    error::{ConfigError, Source},
    schema::Place,
};

/// Removes the unknown keys, so that the rest can be deserialized and checked.
pub(super) fn take(table: &mut DeTable<'_>, place: Place<'_>, source: &Source) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    in_table(table, place, source, &mut errors);
    errors
}

fn in_table(
    table: &mut DeTable<'_>,
    place: Place<'_>,
    source: &Source,
    errors: &mut Vec<ConfigError>,
) {
    let mut unknown = Vec::new();
    for (key, value) in table.iter_mut() {
        match place.key(key.get_ref()) {
            Some(inner) => in_value(value.get_mut(), inner, source, errors),
            None if place.is_closed() => unknown.push(key.clone()),
            None => {}
        }
    }
    for key in unknown {
        let name = key.get_ref();
        let message = format!("unknown key `{name}`");
        errors.push(source.error(key.span(), message, Some(advice(place, name))));
        table.remove(&key);
    }
}

fn in_value(
    value: &mut DeValue<'_>,
    place: Place<'_>,
    source: &Source,
    errors: &mut Vec<ConfigError>,
) {
    match value {
        DeValue::Table(table) => in_table(table, place, source, errors),
        DeValue::Array(items) => {
            if let Some(element) = place.element() {
                for item in items.iter_mut() {
                    in_value(item.get_mut(), element, source, errors);
                }
            }
        }
        _ => {}
    }
}

/// "did you mean", or the list of what is valid here.
pub(super) fn advice(place: Place<'_>, name: &str) -> String {
    if let Some(nearest) = place.nearest(name) {
        return format!("did you mean `{nearest}`?");
    }
    let names: Vec<_> = place.names().collect();
    format!("valid here: {}", names.join(", "))
}
