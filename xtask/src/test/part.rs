//! The parts of the tests, in the order they run: the fastest first.

use anyhow::{Result, bail};

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The unit tests.
    Unit,
    /// The tests in `crates/*/tests`: whole requests against a server in the same process.
    Http,
    /// The tests of the provider over HTTP again, on PostgreSQL.
    Postgres,
    /// The examples in the documentation.
    Doc,
    /// A real browser against the real binary.
    E2e,
    /// Third-party clients against the real binary.
    Interop,
}

impl Part {
    pub(crate) const ALL: [Self; 6] = [
        Self::Unit,
        Self::Http,
        Self::Postgres,
        Self::Doc,
        Self::E2e,
        Self::Interop,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Http => "http",
            Self::Postgres => "postgres",
            Self::Doc => "doc",
            Self::E2e => "e2e",
            Self::Interop => "interop",
        }
    }

    /// The folder of its files, if they are not Rust.
    pub(crate) fn folder(self) -> Option<&'static str> {
        match self {
            Self::Unit | Self::Http | Self::Postgres | Self::Doc => None,
            Self::E2e => Some("tests/e2e"),
            Self::Interop => Some("tests/interop"),
        }
    }

    /// `unit,http` as parts.
    pub(crate) fn parse_list(names: &str) -> Result<Vec<Self>> {
        names
            .split(',')
            .map(|name| Self::parse(name.trim()))
            .collect()
    }

    fn parse(name: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|part| part.name() == name) {
            Some(part) => Ok(part),
            None => {
                let all = Self::ALL.map(Self::name).join(", ");
                bail!("unknown part `{name}`; the parts are {all}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_parts_is_read() {
        assert_eq!(
            Part::parse_list("unit, e2e").unwrap(),
            [Part::Unit, Part::E2e]
        );
    }

    #[test]
    fn an_unknown_part_is_refused_with_the_known_ones() {
        let error = Part::parse_list("unit,browser").unwrap_err().to_string();
        assert!(
            error.contains("`browser`") && error.contains("interop"),
            "{error}"
        );
    }
}
