//! One run, in its own temporary folder; it stops every process that was started in it.

use std::{
    ffi::OsStr, fmt, os::unix::ffi::OsStrExt as _, path::Path, process::Command, time::Duration,
};

use anyhow::Result;
use tempfile::TempDir;

use super::Part;
use crate::{
    check::Metadata,
    command::{cargo, root, stream},
    setup,
};

/// The time for a process to end after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(3);

/// The outcome of a part.
#[derive(Debug)]
pub(super) enum Outcome {
    Passed,
    Failed(String),
    /// It was not run, with the reason.
    Absent(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed(why) => write!(f, "FAILED: {why}"),
            Self::Absent(why) => write!(f, "not run: {why}"),
        }
    }
}

/// The tests write to its folder, which is removed at its end.
pub(super) struct Run {
    folder: TempDir,
}

impl Run {
    pub(super) fn begin() -> Result<Self> {
        Ok(Self {
            folder: tempfile::Builder::new().prefix("cardea-test-").tempdir()?,
        })
    }

    pub(super) fn part(&self, part: Part) -> Result<Outcome> {
        match part {
            Part::Unit => match self.tests(cargo(["test", "--workspace", "--lib", "--bins"]))? {
                Outcome::Passed => self.tests(fuzz_targets()?),
                other => Ok(other),
            },
            Part::Http if !has_integration_tests()? => {
                Ok(Outcome::Absent("no crate has a tests/ folder".into()))
            }
            Part::Http => self.tests(cargo(["test", "--workspace", "--test", "*"])),
            Part::Postgres => self.tests(on_postgres()),
            Part::Doc => self.tests(cargo(["test", "--workspace", "--doc"])),
            Part::E2e => self.node(part),
            Part::Interop => match self.node(part)? {
                Outcome::Passed => self.tests(at_foreign_servers()),
                other => Ok(other),
            },
        }
    }

    /// `npm test` in the folder of the part, which finds in its environment the server, the browser and the python to use.
    fn node(&self, part: Part) -> Result<Outcome> {
        let name = part.folder().unwrap_or_default();
        let folder = root().join(name);
        if !folder.join("package.json").exists() {
            return Ok(Outcome::Absent(format!("no {name}/package.json")));
        }
        if !stream(&mut cargo([
            "build",
            "--package",
            "cardea-cli",
            "--bin",
            "cardea",
        ]))? {
            return Ok(Outcome::Failed("the server does not compile".into()));
        }
        let mut npm = Command::new("npm");
        npm.args(["test", "--silent"]).current_dir(&folder);
        npm.env(
            "CARDEA_BIN",
            Metadata::read()?.target_directory.join("debug/cardea"),
        );
        if let Some(browser) = setup::chromium() {
            npm.env("CHROMIUM", browser);
        }
        if let Some(python) = setup::interpreter(&folder)? {
            npm.env("PYTHON", python);
        }
        self.tests(npm)
    }

    fn tests(&self, mut command: Command) -> Result<Outcome> {
        let passed = stream(command.env("TMPDIR", self.folder.path()));
        self.stop_the_rest();
        Ok(if passed? {
            Outcome::Passed
        } else {
            Outcome::Failed("see above".into())
        })
    }

    /// Stops the processes that a part has left running. They are recognised by the temporary folder in their environment.
    fn stop_the_rest(&self) {
        let left = started_in(self.folder.path());
        if left.is_empty() {
            return;
        }
        println!("stopping what is still running: {}", left.join(" "));
        signal("-TERM", &left);
        let mut waited = Duration::ZERO;
        while waited < PATIENCE && !started_in(self.folder.path()).is_empty() {
            std::thread::sleep(PATIENCE / 30);
            waited += PATIENCE / 30;
        }
        signal("-KILL", &started_in(self.folder.path()));
    }
}

/// The integration tests of the provider, each on a database of its own.
fn on_postgres() -> Command {
    let mut command = cargo(["test", "--package", "cardea-server", "--test", "it"]);
    command.env("CARDEA_TEST_STORE", "postgres");
    command
}

/// Tests that need a provider or a mail server from npm are ignored in the other parts.
fn at_foreign_servers() -> Command {
    let mut test = cargo(["test", "--test", "it"]);
    for package in ["cardea-resource", "cardea-client", "cardea-server"] {
        test.args(["--package", package]);
    }
    test.args(["--", "--ignored", "foreign::"]);
    test
}

/// The fuzz targets are a separate workspace, which no other part compiles.
fn fuzz_targets() -> Result<Command> {
    let mut check = cargo(["check", "--manifest-path", "fuzz/Cargo.toml", "--locked"]);
    let folder = Metadata::read()?.target_directory.join("fuzz");
    check.env("CARGO_TARGET_DIR", folder);
    Ok(check)
}

/// Cargo refuses `--test '*'` when nothing matches.
fn has_integration_tests() -> Result<bool> {
    let metadata = Metadata::read()?;
    Ok(metadata.members().any(|package| {
        package
            .targets
            .iter()
            .any(|t| t.kind.iter().any(|kind| kind == "test"))
    }))
}

/// The ids of the processes whose environment names this temporary folder. Without `/proc` none are found.
fn started_in(folder: &Path) -> Vec<String> {
    let mut wanted = b"TMPDIR=".to_vec();
    wanted.extend(folder.as_os_str().as_bytes());
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|process| {
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == wanted)
        })
        .map(|process| process.file_name())
        .filter(|name| name.as_bytes().iter().all(u8::is_ascii_digit))
        .map(|name| OsStr::to_string_lossy(&name).into_owned())
        .collect()
}

/// A process that has ended in the meantime is no error, so the result is ignored.
fn signal(signal: &str, processes: &[String]) {
    if !processes.is_empty() {
        // The built-in `kill` of the shell: small images have no program of that name.
        let _ = Command::new("sh")
            .args(["-c", "kill \"$@\" 2>/dev/null", "sh", signal])
            .args(processes)
            .status();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_part_leaves_running_is_stopped() {
        let run = Run::begin().unwrap();
        // The shell ends at once; its child would run for a minute.
        let shell = shell("sleep 60 >/dev/null 2>&1 & exit 0");
        assert!(matches!(run.tests(shell).unwrap(), Outcome::Passed));
        assert!(started_in(run.folder.path()).is_empty());
    }

    #[test]
    fn a_part_that_fails_has_failed() {
        let run = Run::begin().unwrap();
        assert!(matches!(
            run.tests(shell("exit 3")).unwrap(),
            Outcome::Failed(_)
        ));
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }
}
