//! The TOML loader: one file, overridden by environment variables, with errors that name the place and a suggestion.
//!
//! Settings are plain structs that derive `Deserialize` and `JsonSchema` with
//! `deny_unknown_fields`; their doc comments become the reference page.

mod bad_values;
mod environment;
mod error;
mod places;
mod reference;
mod schema;
mod unknown;
mod values;

pub use error::{ConfigError, ConfigErrors};
pub use places::{Entry, entries, lines_of_keys, positions};
pub use reference::reference_markdown;
pub use values::{Duration, SecretText};

use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, Deserializer};

use self::{bad_values::Removed, error::Source, schema::Schema};

/// The maximum size of a configuration file.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// How many errors are reported.
const MAX_ERRORS: usize = 50;

/// Reads settings from a file; environment variables named `CARDEA__SECTION__KEY` override it.
///
/// # Errors
/// All unknown keys, bad variables and bad values, each with its place.
pub fn load<T>(
    path: &Path,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<T, ConfigErrors>
where
    T: DeserializeOwned + JsonSchema,
{
    let name = path.display().to_string();
    let text = read(path).map_err(|error| ConfigErrors::unreadable(&name, &error))?;
    parse(&name, &text, environment)
}

/// Reads settings from a text; `name` is its name in errors.
///
/// # Errors
/// As [`load`].
pub fn parse<T>(
    name: &str,
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<T, ConfigErrors>
where
    T: DeserializeOwned + JsonSchema,
{
    let variables = environment::ours(environment);
    let source = Source::new(name, text, &variables);
    let schema = Schema::of::<T>();
    let mut root = DeTable::parse(text).map_err(|error| source.syntax(&error))?;
    let mut errors = unknown::take(root.get_mut(), schema.root(), &source);
    errors.extend(environment::overlay(
        root.get_mut(),
        schema.root(),
        &variables,
        &source,
    ));
    let mut removed = Removed::default();
    loop {
        let error = match T::deserialize(Deserializer::from(root.clone())) {
            Ok(settings) if errors.is_empty() => return Ok(settings),
            Ok(_) => return Err(ConfigErrors::new(errors)),
            Err(error) => error,
        };
        if !removed.caused(&error) {
            errors.push(source.value(&error));
        }
        // Without the value that is wrong the next one is found.
        if errors.len() >= MAX_ERRORS || !removed.take(root.get_mut(), &error) {
            return Err(ConfigErrors::new(errors));
        }
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(std::io::Error::other("the file is larger than 4 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
