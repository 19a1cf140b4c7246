//! `cargo xtask lint`: checks of the dependencies and of the spelling by third-party programs.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use crate::{
    command::{root, stream},
    setup::tools,
};

/// The folders for cargo-machete, which does not follow the `include!` of the fuzz targets.
const SOURCES: [&str; 4] = ["crates", "examples", "xtask", "bench"];
/// The time limit for fetching the advisories.
const PATIENCE: Duration = Duration::from_secs(60);

/// True without findings. If the advisories cannot be fetched, the run does not fail: the last line says that they were not checked.
pub(crate) fn run(yes: bool) -> Result<bool> {
    tools::install(yes)?;
    let mut failed = Vec::new();
    let mut step = |name: &'static str, command: &mut Command| -> Result<()> {
        if !stream(command.current_dir(root()))? {
            failed.push(name);
        }
        Ok(())
    };
    step(
        "bans, licences, sources",
        deny()?.args(["check", "bans", "licenses", "sources"]),
    )?;
    let fetched = fetch_advisories()?;
    if fetched {
        let check = ["check", "--disable-fetch", "advisories"];
        step("advisories, yanked versions", deny()?.args(check))?;
    }
    step(
        "unused dependencies",
        tools::MACHETE.command()?.args(SOURCES),
    )?;
    step("spelling", &mut tools::TYPOS.command()?)?;
    println!("{}", summary(&failed, fetched));
    Ok(failed.is_empty())
}

fn deny() -> Result<Command> {
    let mut command = tools::DENY.command()?;
    command.arg("--locked");
    Ok(command)
}

/// Updates the database of advisories; false when it cannot be reached.
fn fetch_advisories() -> Result<bool> {
    let mut fetch = deny()?;
    fetch.args(["--log-level", "off", "fetch", "db"]);
    let quiet = fetch.stdin(Stdio::null()).stderr(Stdio::null());
    let child = quiet.current_dir(root()).spawn();
    ended_well(child.context("cannot run cargo-deny")?, PATIENCE)
}

/// Whether the process succeeds in time. If it does not end, it is stopped.
fn ended_well(mut child: Child, patience: Duration) -> Result<bool> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if started.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The last line.
fn summary(failed: &[&str], fetched: bool) -> String {
    let mut line = match failed {
        [] => "lint: passed".to_owned(),
        some => format!("lint: FAILED: {}", some.join("; ")),
    };
    if !fetched {
        line.push_str(
            " · NOT CHECKED: advisories and yanked versions (the database could not be fetched)",
        );
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_was_not_checked() {
        assert_eq!(summary(&[], true), "lint: passed");
        assert!(summary(&[], false).contains("NOT CHECKED: advisories"));
        assert!(summary(&["spelling"], true).contains("FAILED: spelling"));
    }

    #[test]
    fn a_fetch_that_hangs_is_given_up() {
        let sleeps = Command::new("sleep").arg("600").spawn().unwrap();
        assert!(!ended_well(sleeps, Duration::from_millis(100)).unwrap());
        let ends = Command::new("true").spawn().unwrap();
        assert!(ended_well(ends, PATIENCE).unwrap());
    }
}
