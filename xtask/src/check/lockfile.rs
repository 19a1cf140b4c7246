//! Cargo.lock is committed, and agrees with the manifests.

use std::process::Command;

use super::Finding;
use crate::command::{cargo, output, root};

const FILE: &str = "Cargo.lock";

pub(super) fn check() -> Vec<Finding> {
    let tracked = output(
        Command::new("git")
            .args(["ls-files", "--cached", "--", FILE])
            .current_dir(root()),
    );
    let current = output(&mut cargo([
        "metadata",
        "--locked",
        "--format-version",
        "1",
    ]));
    let mut findings = Vec::new();
    if tracked.is_ok_and(|list| list.trim().is_empty()) {
        findings.push(Finding::new(
            FILE,
            "is not committed",
            "`git add Cargo.lock`",
        ));
    }
    if let Err(error) = current {
        let said = error.to_string();
        let first = said.lines().next().unwrap_or_default().to_owned();
        findings.push(Finding::new(
            FILE,
            first,
            "run `cargo metadata` without --locked and commit the changes",
        ));
    }
    findings
}
