//! The machine, the date and the commit; and the use of the first core.

use std::process::Command;

use anyhow::{Context as _, Result};

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

/// The time of the first core so far, in the kernel's ticks.
#[derive(Debug, PartialEq)]
pub(super) struct CoreTime {
    total: f64,
    idle: f64,
}

pub(super) fn first_core() -> Result<CoreTime> {
    let text = std::fs::read_to_string("/proc/stat")?;
    core_time(&text).context("/proc/stat has no first core")
}

impl CoreTime {
    /// The part of the time since then in which it was busy.
    pub(super) fn busy_since(&self, before: &Self) -> f64 {
        1.0 - (self.idle - before.idle) / (self.total - before.total)
    }
}

/// user, nice, system, idle, iowait, irq, softirq, steal; guest time is included in user.
fn core_time(stat: &str) -> Option<CoreTime> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu0 "))?;
    let ticks: Vec<f64> = line
        .split_whitespace()
        .take(8)
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    Some(CoreTime {
        total: ticks.iter().sum(),
        idle: ticks.get(3)? + ticks.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_is_busy_when_it_neither_idles_nor_waits() {
        let before = core_time("cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 10 0 10 70 10 0 0 0 5 0\n").unwrap();
        let after = core_time("cpu0 50 0 50 80 20 0 0 0 5 0\n").unwrap();
        assert_eq!(after.busy_since(&before), 0.8);
        assert_eq!(core_time("cpu1 1 2 3"), None);
    }
}
