//! `cargo xtask mutants rules`: cargo-mutants over the rules that decide about tokens.

use std::process::Command;

use anyhow::Result;

use super::{Selection, copy::Copy, mixed};
use crate::{
    command::{output, root, stream},
    setup::tools,
};

/// The rules: of the token endpoint, which include those of refresh tokens, of authorization requests, and of verification.
const FILES: [&str; 3] = [
    "crates/protocol/src/token/**",
    "crates/protocol/src/authorize/**",
    "crates/protocol/src/verify/**",
];

/// Slow machines need it: a mutant that loops is stopped after so many seconds.
const PATIENCE: &str = "60";

/// Runs the chosen mutants; true when each was noticed. Those that no test can notice are in `.cargo/mutants.toml`.
pub(super) fn run(selection: &Selection) -> Result<bool> {
    tools::install_one(tools::MUTANTS, "cargo xtask mutants rules", selection.yes)?;
    let copy = Copy::make("rules", |_| false)?;
    let file = selection.file.as_deref();
    let part = match (selection.shard, selection.sample) {
        (Some(shard), _) => Some((shard.k, shard.n)),
        (None, Some(sample)) => {
            let parts = output(mutants(&copy, file)?.arg("--list"))?.lines().count() / sample;
            let parts = parts.max(1);
            let chosen = mixed(selection.seed, 0) % parts as u64;
            Some((usize::try_from(chosen)?, parts))
        }
        (None, None) => None,
    };
    let mut command = mutants(&copy, file)?;
    if let Some((k, n)) = part {
        // Every nth mutant: a shard is spread over all files.
        command.args(["--shard", &format!("{k}/{n}"), "--sharding", "round-robin"]);
    }
    if selection.list {
        command.arg("--list");
    }
    stream(&mut command)
}

/// Of the files with that name, or of the rules about tokens.
fn mutants(copy: &Copy, file: Option<&str>) -> Result<Command> {
    let reports = root().join("target/mutants/rules");
    let mut command = tools::MUTANTS.command()?;
    // In the copy, whose target folder stays: cargo-mutants' own copies are compiled from nothing.
    command
        .args(["mutants", "--package", "cardea-protocol", "--in-place"])
        .args(["--no-shuffle", "--colors", "never", "--output"])
        .arg(reports)
        .args(["--minimum-test-timeout", PATIENCE])
        .args(["--exclude", "**/*tests*"]);
    match file {
        Some(name) => {
            for pattern in [format!("*{name}*"), format!("*{name}*/**")] {
                let pattern = format!("crates/protocol/src/**/{pattern}");
                command.args(["--file", pattern.as_str()]);
            }
        }
        None => {
            for file in FILES {
                command.args(["--file", file]);
            }
        }
    }
    copy.compile_here(&mut command);
    Ok(command)
}
