//! A server of the comparison: one process, pinned, and stopped by its id.

use std::{
    ffi::OsStr,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// The cores that a process may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cores {
    /// The first core.
    Server,
    /// The second core.
    Load,
    /// Both.
    Both,
}

/// A command that runs on these cores only.
pub(super) fn pinned(cores: Cores, program: impl AsRef<OsStr>) -> Command {
    let list = match cores {
        Cores::Server => "0",
        Cores::Load => "1",
        Cores::Both => "0,1",
    };
    // taskset becomes the program, so the child's id is the program's.
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", list]).arg(program);
    command
}

const START: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(10);

/// A running server.
pub(super) struct Server {
    child: Child,
    /// From the start of the process to the first 200.
    pub(super) ready_after: Duration,
}

impl Server {
    /// Starts it and waits until it answers 200 at `path`.
    pub(super) fn start(mut command: Command, port: u16, path: &str) -> Result<Self> {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self::start_until(command, || answers(port, path))
    }

    /// Starts it and waits until it is ready. Its output is redirected as the command says.
    pub(super) fn start_until(mut command: Command, ready: impl Fn() -> bool) -> Result<Self> {
        let began = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {command:?}"))?;
        let mut server = Self {
            child,
            ready_after: Duration::ZERO,
        };
        while !ready() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended with {status}");
            }
            if began.elapsed() > START {
                bail!("{command:?} does not become ready");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = began.elapsed();
        Ok(server)
    }

    /// Its memory now, in millions of bytes.
    pub(super) fn memory(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// Its peak memory.
    pub(super) fn peak_memory(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    /// The bytes that it has written to a disk so far.
    pub(super) fn written(&self) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/io", self.child.id()))?;
        let bytes = text.lines().find_map(|l| l.strip_prefix("write_bytes: "));
        Ok(bytes.context("no write_bytes in /proc")?.parse()?)
    }

    fn status(&self, field: &str) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib: f64 = kib.context("no memory in /proc")?.trim().parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// Stops it, and waits.
    pub(super) fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > END {
                bail!("the server {id} does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM first, because a killed nginx leaves its worker behind. Both fail when the process has ended, as intended.
        let _ = self.end();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answers(port: u16, path: &str) -> bool {
    let asked = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(String::from_utf8_lossy(&status).into_owned())
    };
    asked().is_ok_and(|status| status == "HTTP/1.1 200")
}
