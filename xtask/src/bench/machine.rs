//! On what, when, and of which commit.

use std::process::Command;

use anyhow::Result;

use crate::command::{output, root};

/// One line for the head of the page.
pub(super) fn described() -> Result<String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let date = output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    let changed = if changed { " with changes" } else { "" };
    Ok(format!(
        "{model}, {cores} cores, {}, commit {commit}{changed}",
        date.trim()
    ))
}

fn git(arguments: &[&str]) -> Result<String> {
    let mut git = Command::new("git");
    let text = output(git.args(arguments).current_dir(root()))?;
    Ok(text.trim().to_owned())
}
