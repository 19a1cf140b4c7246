//! The workspace as cargo sees it.
//!
//! `cargo metadata` has the declared dependencies. The compiled ones come from `cargo tree`: the graph of `cargo metadata` joins
//! the features of all packages and keeps optional dependencies that are off, so it has false positives.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::command::{cargo, output};

/// The needed part of the output of `cargo metadata`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) target_directory: PathBuf,
}

/// One package, of the workspace or a dependency.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

/// A dependency as its manifest states it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `dev` or `build`; `None` for a normal one.
    pub(crate) kind: Option<String>,
}

/// A library, a binary, a test …
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
}

impl Metadata {
    /// Runs cargo.
    pub(crate) fn read() -> Result<Self> {
        let text = output(&mut cargo(["metadata", "--format-version", "1"]))?;
        serde_json::from_str(&text).context("`cargo metadata` printed something unexpected")
    }

    /// The packages of the workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| self.workspace_members.contains(&package.id))
    }
}

impl Package {
    /// The dependencies to build and to run it, without those of its tests.
    pub(crate) fn direct(&self) -> impl Iterator<Item = &str> {
        self.dependencies
            .iter()
            .filter(|d| d.kind.as_deref() != Some("dev"))
            .map(|d| d.name.as_str())
    }

    /// `seal` for `cardea-seal`: the name of its folder.
    pub(crate) fn folder(&self) -> &str {
        self.name.strip_prefix("cardea-").unwrap_or(&self.name)
    }
}

/// A package by name and version, as `cargo tree` names it.
pub(crate) type Compiled = (String, String);

/// The packages linked into a program that depends only on this package, with its default features, on any platform.
pub(crate) fn linked_by(package: &str) -> Result<BTreeSet<Compiled>> {
    tree(&["--package", package, "--edges", "normal,no-proc-macro"])
}

fn tree(selection: &[&str]) -> Result<BTreeSet<Compiled>> {
    let mut command = cargo([
        "tree", "--locked", "--target", "all", "--prefix", "none", "--format", "{p}",
    ]);
    let text = output(command.args(selection))?;
    Ok(text.lines().filter_map(parse_tree_line).collect())
}

/// `serde v1.0.229 (*)` is `("serde", "1.0.229")`.
fn parse_tree_line(line: &str) -> Option<Compiled> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    Some((name.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tree_lines_give_name_and_version() {
        let serde = Some(("serde".to_owned(), "1.0.229".to_owned()));
        assert_eq!(parse_tree_line("serde v1.0.229"), serde);
        assert_eq!(parse_tree_line("serde v1.0.229 (*)"), serde);
        assert_eq!(parse_tree_line("serde v1.0.229 (proc-macro) (*)"), serde);
        assert_eq!(parse_tree_line(""), None);
        assert_eq!(parse_tree_line("[dev-dependencies]"), None);
    }

    #[test]
    fn dependencies_of_tests_are_not_direct() {
        let dependency = |name: &str, kind: Option<&str>| Dependency {
            name: name.into(),
            kind: kind.map(Into::into),
        };
        let package = Package {
            dependencies: vec![
                dependency("a", None),
                dependency("b", Some("dev")),
                dependency("c", Some("build")),
            ],
            ..Package::default()
        };
        assert_eq!(package.direct().collect::<Vec<_>>(), ["a", "c"]);
    }
}
