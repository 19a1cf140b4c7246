//! `cargo xtask setup`: lists the missing tools for the tests, and installs them.

mod node;
mod python;
mod system;
pub(crate) mod tools;

pub(crate) use node::install as install_npm;
pub(crate) use python::interpreter;
pub(crate) use system::chromium;

use std::{
    collections::BTreeSet,
    io::{IsTerminal as _, Write as _},
    path::Path,
};

use anyhow::{Result, bail};

use crate::{command::root, test::Part};

/// Installs the tools for these parts of the tests; with `yes` without asking.
pub(crate) fn run(parts: &[Part], yes: bool) -> Result<()> {
    install_packages(parts, yes)?;
    for part in parts {
        if let Some(folder) = part.folder().map(|folder| root().join(folder)) {
            node::install(&folder)?;
            python::install(&folder)?;
        }
    }
    println!("setup: nothing is missing");
    Ok(())
}

fn install_packages(parts: &[Part], yes: bool) -> Result<()> {
    let missing = system::missing(parts);
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing on this machine:");
    for tool in &missing {
        println!("  {:<10} {}", tool.name, tool.purpose);
    }
    let packages: BTreeSet<&str> = missing
        .iter()
        .flat_map(|tool| tool.packages)
        .copied()
        .collect();
    let Some(installer) = system::Installer::find() else {
        bail!(
            "this is not Debian: install the missing tools with your package manager (Debian's names: {}) and run this again",
            system::joined(&packages)
        );
    };
    if !yes && !agreed(&format!("Run `{}`?", installer.shown(&packages)))? {
        bail!("not installed; `cargo xtask test --only unit,doc` needs none of it");
    }
    installer.install(&packages)?;
    let still = system::missing(parts);
    if let Some(tool) = still.first() {
        bail!(
            "{} is still missing, or too old, after the installation: {}",
            tool.name,
            tool.purpose
        );
    }
    Ok(())
}

/// Asks on the terminal; without one the answer is no.
fn agreed(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        println!("No terminal to ask on: run `cargo xtask setup --yes` to install it.");
        return Ok(false);
    }
    print!("{question} [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Whether the installation from `wanted` is up to date: `stamp` is a copy of `wanted` made after the installation.
fn is_current(wanted: &Path, stamp: &Path) -> bool {
    match (std::fs::read(wanted), std::fs::read(stamp)) {
        (Ok(wanted), Ok(installed)) => wanted == installed,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_current_until_its_list_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (wanted, stamp) = (folder.path().join("wanted"), folder.path().join("stamp"));
        std::fs::write(&wanted, "a 1").unwrap();
        assert!(!is_current(&wanted, &stamp), "never installed");
        std::fs::copy(&wanted, &stamp).unwrap();
        assert!(is_current(&wanted, &stamp));
        std::fs::write(&wanted, "a 2").unwrap();
        assert!(!is_current(&wanted, &stamp));
    }
}
