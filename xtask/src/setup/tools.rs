//! Lint programs from crates.io, each in a pinned version and in its own folder, so that the user's installations are not changed.

use std::{path::PathBuf, process::Command};

use anyhow::{Result, bail};

use super::agreed;
use crate::command::{cargo, cargo_home, find, output, stream};

/// A program that `cargo xtask lint` or `cargo xtask mutants` starts.
pub(crate) struct Tool {
    package: &'static str,
    version: &'static str,
    binary: &'static str,
}

pub(crate) const DENY: Tool = Tool {
    package: "cargo-deny",
    version: "0.20.2",
    binary: "cargo-deny",
};
pub(crate) const MACHETE: Tool = Tool {
    package: "cargo-machete",
    version: "0.9.2",
    binary: "cargo-machete",
};
pub(crate) const TYPOS: Tool = Tool {
    package: "typos-cli",
    version: "1.52.0",
    binary: "typos",
};

pub(crate) const MUTANTS: Tool = Tool {
    package: "cargo-mutants",
    version: "27.1.0",
    binary: "cargo-mutants",
};

/// Builds the missing programs for `cargo xtask lint`; with `yes` without asking.
pub(crate) fn install(yes: bool) -> Result<()> {
    install_all([DENY, MACHETE, TYPOS], "cargo xtask lint", yes)
}

/// Builds a tool if it is missing; with `yes` without asking.
pub(crate) fn install_one(tool: Tool, purpose: &str, yes: bool) -> Result<()> {
    install_all([tool], purpose, yes)
}

fn install_all<const N: usize>(tools: [Tool; N], purpose: &str, yes: bool) -> Result<()> {
    let mut missing = Vec::new();
    for tool in tools {
        if tool.installed()?.is_none() {
            missing.push(tool);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing for `{purpose}`:");
    for tool in &missing {
        println!("  {} {}", tool.package, tool.version);
    }
    if !yes && !agreed("Build them with `cargo install` (several minutes)?")? {
        bail!("not installed; `cargo xtask test` and `cargo xtask check` do not need them");
    }
    missing.iter().try_for_each(Tool::build)
}

impl Tool {
    /// A command that starts it; it must be installed.
    pub(crate) fn command(&self) -> Result<Command> {
        match self.installed()? {
            Some(file) => Ok(Command::new(file)),
            None => bail!("{} {} is not installed", self.package, self.version),
        }
    }

    /// In our folder, or on the search path in the same version.
    fn installed(&self) -> Result<Option<PathBuf>> {
        let ours = self.root()?.join("bin").join(self.binary);
        if ours.is_file() {
            return Ok(Some(ours));
        }
        let same = |file: &PathBuf| {
            let said = output(Command::new(file).arg("--version")).unwrap_or_default();
            said.split_whitespace().last() == Some(self.version)
        };
        Ok(find(self.binary).filter(same))
    }

    fn root(&self) -> Result<PathBuf> {
        let name = format!("{}-{}", self.package, self.version);
        Ok(cargo_home()?.join("cardea-tools").join(name))
    }

    fn build(&self) -> Result<()> {
        let mut install = cargo(["install", "--locked", "--quiet", "--version", self.version]);
        install.arg("--root").arg(self.root()?).arg(self.package);
        // They run for a second and are built in every new container, so the build time matters most.
        install
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        if !stream(&mut install)? {
            bail!("cargo could not install {} {}", self.package, self.version);
        }
        Ok(())
    }
}
