//! The TOML loader: one file, overridden by environment variables, with errors that name the place and a suggestion.
//!
//! Settings are plain structs that derive `Deserialize` and `JsonSchema` with
//! `deny_unknown_fields`; their doc comments become the reference page.

mod environment;
mod error;
mod places;
mod reference;
mod schema;
mod unknown;
mod values;

pub use error::{ConfigError, ConfigErrors};
pub use places::{lines, lines_of_keys, positions};
pub use reference::reference_markdown;
pub use values::{Duration, SecretText};

use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, Deserializer};

use self::{error::Source, schema::Schema};

/// The maximum size of a configuration file.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Reads settings from a file; environment variables named `CARDEA__SECTION__KEY` override it.
///
/// # Errors
/// All unknown keys and bad variables, and the first bad value, each with its place.
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
    match T::deserialize(Deserializer::from(root)) {
        Ok(settings) if errors.is_empty() => Ok(settings),
        Ok(_) => Err(ConfigErrors::new(errors)),
        Err(error) => {
            errors.push(source.value(&error));
            Err(ConfigErrors::new(errors))
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
