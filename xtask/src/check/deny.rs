//! `deny.toml`, as far as it is judged here. Its form is cargo-deny's.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
pub(super) struct Deny {
    pub(super) licenses: Licences,
    pub(super) bans: Bans,
}

/// What may be linked, by licence.
#[derive(Debug, Deserialize)]
pub(super) struct Licences {
    pub(super) allow: Vec<String>,
    #[serde(default)]
    pub(super) exceptions: Vec<Exception>,
}

/// Further licences for one crate.
#[derive(Debug, Deserialize)]
pub(super) struct Exception {
    #[serde(rename = "crate")]
    pub(super) name: String,
    pub(super) allow: Vec<String>,
}

/// What must not be compiled.
#[derive(Debug, Deserialize)]
pub(super) struct Bans {
    pub(super) deny: Vec<Ban>,
}

/// One crate, in all versions. A ban without a reason doesn't parse.
#[derive(Debug, Deserialize)]
pub(super) struct Ban {
    #[serde(rename = "crate")]
    pub(super) name: String,
    pub(super) reason: String,
    /// The crates that may depend on it all the same.
    #[serde(default)]
    pub(super) wrappers: Vec<String>,
}

impl Deny {
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not as expected", file.display()))
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        Ok(toml::from_str(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_workspace_is_read() {
        let deny = Deny::read(&crate::command::root().join("deny.toml")).unwrap();
        assert!(deny.bans.deny.iter().any(|ban| ban.name == "ring"));
        assert!(deny.licenses.allow.contains(&"MIT".to_owned()));
    }

    #[test]
    fn a_ban_without_a_reason_is_refused() {
        let text = "[licenses]\nallow = []\n[bans]\ndeny = [{ crate = \"ring\" }]\n";
        assert!(format!("{:#}", Deny::parse(text).unwrap_err()).contains("reason"));
    }
}
