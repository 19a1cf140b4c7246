//! `cargo xtask mutants rules`: cargo-mutants over the rules that decide about tokens.

use anyhow::Result;

use super::{Selection, mixed};
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

/// Runs the chosen mutants; true when each was noticed.
pub(super) fn run(selection: &Selection) -> Result<bool> {
    tools::install_one(tools::MUTANTS, "cargo xtask mutants rules", selection.yes)?;
    let part = match (selection.shard, selection.sample) {
        (Some(shard), _) => Some((shard.k, shard.n)),
        (None, Some(sample)) => {
            let parts = output(mutants()?.arg("--list"))?.lines().count() / sample;
            let parts = parts.max(1);
            let chosen = mixed(selection.seed, 0) % parts as u64;
            Some((usize::try_from(chosen)?, parts))
        }
        (None, None) => None,
    };
    let mut command = mutants()?;
    if let Some((k, n)) = part {
        // Every nth mutant: a shard is spread over all files.
        command.args(["--shard", &format!("{k}/{n}"), "--sharding", "round-robin"]);
    }
    if selection.list {
        command.arg("--list");
    }
    stream(&mut command)
}

fn mutants() -> Result<std::process::Command> {
    let mut command = tools::MUTANTS.command()?;
    command
        .current_dir(root())
        .args(["mutants", "--package", "cardea-protocol"])
        .args(["--no-shuffle", "--colors", "never", "--output"])
        .arg(root().join("target/mutants/rules"))
        .args(["--exclude", "**/*tests*"]);
    for file in FILES {
        command.args(["--file", file]);
    }
    std::fs::create_dir_all(root().join("target/mutants/rules"))?;
    Ok(command)
}
