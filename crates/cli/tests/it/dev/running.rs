use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

use cardea_testkit::free_port;

/// `cardea dev`, ready; it is stopped when this goes.
pub(super) struct Dev {
    child: Child,
    stdout: BufReader<ChildStdout>,
    said: String,
    folder: TempDir,
    pub(super) port: u16,
}

/// How it ended.
pub(super) struct Ended {
    pub(super) ok: bool,
    pub(super) out: String,
    pub(super) err: String,
    pub(super) folders_left: usize,
}

impl Dev {
    /// At a port of its own.
    pub(super) fn start(arguments: &[&str]) -> Self {
        Self::start_at(&free_port().to_string(), arguments)
    }

    pub(super) fn start_at(port: &str, arguments: &[&str]) -> Self {
        let mut all = vec!["dev", "--port", port];
        all.extend(arguments);
        Self::spawn(&all, port.parse().unwrap())
    }

    /// Behind a gateway at this port.
    pub(super) fn start_behind(port: u16) -> Self {
        Self::spawn(&["dev", &format!("--gateway={port}")], port)
    }

    fn spawn(arguments: &[&str], port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(arguments, &folder).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Ctrl-C ends it.") {
            if stdout.read_line(&mut said).unwrap() == 0 {
                let mut complaint = String::new();
                child
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut complaint)
                    .unwrap();
                panic!("{said}{complaint}");
            }
        }
        Self {
            child,
            stdout,
            said,
            folder,
            port,
        }
    }

    /// What it says instead of starting.
    pub(super) fn complaint(arguments: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let output = command(arguments, &folder).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it printed when it was ready.
    pub(super) fn said(&self) -> &str {
        &self.said
    }

    /// The address in the line of this name.
    pub(super) fn address(&self, name: &str) -> String {
        let line = self.said.lines().find(|line| line.trim().starts_with(name));
        let words = line.unwrap().split_whitespace();
        words
            .into_iter()
            .find(|word| word.starts_with("http"))
            .unwrap()
            .to_owned()
    }

    /// The command that it printed.
    pub(super) fn curl(&self) -> String {
        let line = self.said.lines().find(|line| line.starts_with("  curl "));
        format!("{} -s", line.unwrap().trim())
    }

    /// The configuration file for the commands.
    pub(super) fn admin_file(&self) -> String {
        let line = self
            .said
            .lines()
            .find(|line| line.starts_with("Administer it: "));
        line.unwrap().rsplit(' ').next().unwrap().to_owned()
    }

    /// Runs a command in an empty folder, with the temporary folder of this one.
    pub(super) fn run(&self, arguments: &[&str]) -> String {
        self.run_with_errors(arguments).0
    }

    /// The same, with what it wrote to standard error.
    pub(super) fn run_with_errors(&self, arguments: &[&str]) -> (String, String) {
        let elsewhere = tempfile::tempdir().unwrap();
        let mut command = command(arguments, &self.folder);
        let output = command.current_dir(elsewhere.path()).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{complaint}");
        let complaint = complaint.into_owned();
        (String::from_utf8(output.stdout).unwrap(), complaint)
    }

    /// What makes curl trust the gateway.
    pub(super) fn trust(&self) -> String {
        let curl = self.curl();
        let mut words = curl
            .split(' ')
            .skip_while(|word| *word != "--cacert")
            .skip(1);
        words
            .next()
            .map(|file| format!("--cacert {file}"))
            .unwrap_or_default()
    }

    /// Runs a command as the shell does, in a folder of its own.
    pub(super) fn shell(&self, command: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        let output = shell
            .args(["-c", command])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{command}: {} {complaint}",
            output.status
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// As many folders as it made.
    pub(super) fn temporary_folders(&self) -> usize {
        std::fs::read_dir(self.folder.path()).unwrap().count()
    }

    pub(super) fn signal_interrupt(&self) {
        let pid = self.pid().to_string();
        let killed = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(killed.success());
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Ctrl-C, and what came after.
    pub(super) fn interrupt(self) -> Ended {
        self.signal_interrupt();
        self.wait()
    }

    /// Waits for its end.
    pub(super) fn wait(mut self) -> Ended {
        let status = self.child.wait().unwrap();
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        Ended {
            ok: status.success(),
            out,
            err,
            folders_left: self.temporary_folders(),
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str], folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cardea"));
    command
        .args(arguments)
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .env_remove("CARDEA_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
