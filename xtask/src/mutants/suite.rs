//! The tests of the store's contract, run with one mutant.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// The whole contract.
const ALL: &str = "sqlite::contract::";
/// The suite takes seconds. A mutant can make it wait for what never happens.
const PATIENCE: Duration = Duration::from_secs(120);
/// Where there is one, the stores of the cases are in memory: most of the time of a case is the disk's.
const MEMORY: &str = "/dev/shm";
/// The status of libtest after a failure. Anything else is not the work of a test.
const FAILED: i32 = 101;
/// Cases about what must not happen to another user, client or session.
const NEIGHBOURS: &str = "neighbours";
/// The modules of the contract that test a file, where their names differ from its own.
const MODULES: [(&str, &[&str]); 15] = [
    ("account", &["links"]),
    ("clients", &["clients", "lost_updates"]),
    ("codes", &["redemption", "grants", "organizations"]),
    ("factors", &["factors", "trusted_devices"]),
    ("grant_rows", &["grants"]),
    ("invitations", &["invitations", "invitation_ends"]),
    ("login_email", &["links"]),
    ("new_users", &["sign_up", "users"]),
    ("outbox", &["outbox", "mail"]),
    ("revocation", &["revocation", "endings", "redemption"]),
    (
        "sessions",
        &["sessions", "endings", "passwords", "upstream_sessions"],
    ),
    ("sweep", &["jobs"]),
    ("tokens", &["revocation"]),
    ("upstreams", &["upstreams", "upstream_sessions"]),
    ("users", &["users", "passwords", "lost_updates"]),
];

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    /// A test failed.
    Killed,
    /// The tests took too long.
    TimedOut,
    /// All tests passed.
    Survived,
    /// No test runs the statement.
    NotReached,
}

/// The program of the tests.
pub(super) struct Suite {
    pub(super) program: PathBuf,
    /// Where it runs.
    pub(super) folder: PathBuf,
    /// A file that the program writes when it prepares the mutant's statement.
    pub(super) seen: PathBuf,
}

impl Suite {
    /// Runs the contract without a mutant.
    pub(super) fn passes(&self) -> Result<bool> {
        let filters = [ALL.to_owned()];
        Ok(self.outcome(&filters, None)? == Outcome::Survived)
    }

    /// Runs the contract with a mutant of that file: first the cases that are about the file, and if they pass, all.
    pub(super) fn test(&self, number: usize, path: &str) -> Result<Outcome> {
        let _ = fs::remove_file(&self.seen);
        let near = self.outcome(&near(path), Some(number))?;
        if matches!(near, Outcome::Killed | Outcome::TimedOut) {
            return Ok(near);
        }
        self.outcome(&[ALL.to_owned()], Some(number))
    }

    fn outcome(&self, filters: &[String], number: Option<usize>) -> Result<Outcome> {
        let mut command = Command::new(&self.program);
        command
            .args(filters)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if Path::new(MEMORY).is_dir() {
            command.env("TMPDIR", MEMORY);
        }
        if let Some(number) = number {
            command
                .env("CARDEA_MUTANT", number.to_string())
                .env("CARDEA_MUTANT_SEEN", &self.seen);
        }
        let child = command.spawn().context("cannot run the tests")?;
        Ok(match wait(child)? {
            None => Outcome::TimedOut,
            Some(false) => Outcome::Killed,
            Some(true) if number.is_some() && !self.seen.exists() => Outcome::NotReached,
            Some(true) => Outcome::Survived,
        })
    }
}

/// Selects the cases that are about a file.
fn near(path: &str) -> Vec<String> {
    let stem = Path::new(path).file_stem().unwrap_or_default();
    let stem = stem.to_string_lossy();
    let modules = MODULES.iter().find(|(name, _)| *name == stem);
    let modules = modules.map_or_else(|| vec![&*stem], |(_, modules)| modules.to_vec());
    let modules = modules.into_iter().map(|module| format!("{ALL}{module}::"));
    modules.chain([format!("{ALL}{NEIGHBOURS}")]).collect()
}

/// Whether all tests passed; `None` when they took too long. The first failure ends the run.
fn wait(mut child: Child) -> Result<Option<bool>> {
    let stdout = child.stdout.take().context("the tests have no output")?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        lines.try_for_each(|line| sender.send(line))
    });
    let end = Instant::now() + PATIENCE;
    let verdict = loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) if is_failure(&line) => break Some(false),
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => break None,
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait()?;
                if !status.success() && status.code() != Some(FAILED) {
                    bail!("the tests ended with {status}");
                }
                return Ok(Some(status.success()));
            }
        }
    };
    child.kill()?;
    child.wait()?;
    Ok(verdict)
}

/// A line of libtest about one test.
fn is_failure(line: &str) -> bool {
    line.starts_with("test ") && line.ends_with(" ... FAILED")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::root;

    #[test]
    fn the_cases_of_a_file_come_first() {
        let of = |path| near(path).join(" ");
        assert_eq!(
            of("crates/store/src/sqlite/upstreams.rs"),
            "sqlite::contract::upstreams:: sqlite::contract::upstream_sessions:: sqlite::contract::neighbours"
        );
        assert_eq!(
            of("crates/store/src/sqlite/roles.rs"),
            "sqlite::contract::roles:: sqlite::contract::neighbours"
        );
    }

    #[test]
    fn the_modules_exist() {
        let store = root().join("crates/store/src");
        for (file, modules) in MODULES {
            assert!(store.join(format!("sqlite/{file}.rs")).exists(), "{file}");
            for module in modules {
                let cases = store.join(format!("contract/{module}.rs"));
                assert!(cases.exists(), "{module}");
            }
        }
    }

    #[test]
    fn only_a_failed_test_is_a_failure() {
        assert!(is_failure(
            "test sqlite::contract::roles::a_case ... FAILED"
        ));
        assert!(!is_failure("test sqlite::contract::roles::a_case ... ok"));
        assert!(!is_failure(
            "test result: FAILED. 0 passed; 1 failed; 0 ignored"
        ));
    }

    #[test]
    fn a_run_ends_at_its_first_failure() {
        let run = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).stdout(Stdio::piped());
            wait(command.spawn().unwrap())
        };
        assert_eq!(run("echo 'test a ... ok'").unwrap(), Some(true));
        assert_eq!(run("echo 'test a ... ok'; exit 101").unwrap(), Some(false));
        assert!(run("kill -9 $$").is_err());
        // Without the end of the run this would take longer than any patience.
        let failed = run("echo 'test a ... FAILED'; exec sleep 1000");
        assert_eq!(failed.unwrap(), Some(false));
    }
}
