//! A folder with a configuration, and the binary in it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStderr, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use cardea_testkit::{block_until, free_port};
use serde_json::Value;
use tempfile::TempDir;

/// Waits until something listens at a port.
pub(crate) fn until_listening(port: u16) {
    let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    block_until("it listens", listens);
}

/// Waits until nothing listens at a port: a shutdown has begun.
pub(crate) fn until_closed(port: u16) {
    let closed = || TcpStream::connect(("127.0.0.1", port)).is_err();
    block_until("it stops listening", closed);
}

/// A `POST /token` at this port that is in progress: the server waits for this body.
pub(crate) fn begin_post(port: u16, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST /token HTTP/1.1\r\nHost: localhost:{port}\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    )
    .unwrap();
    // RFC 9110 §10.1.1: this is sent when the body is wanted.
    let mut wanted = [0; 25];
    stream.read_exact(&mut wanted).unwrap();
    assert_eq!(&wanted, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// A provider's folder.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) port: u16,
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) ok: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }

    /// The same, and it must have gone well.
    pub(crate) fn fine(self) -> Self {
        assert!(self.ok, "{}{}", self.out, self.err);
        self
    }

    /// What it complained about; it must have gone wrong.
    pub(crate) fn complaint(self) -> String {
        assert!(!self.ok, "{}", self.out);
        self.err
    }
}

impl Bench {
    /// A folder.
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            port: 0,
        }
    }

    /// A folder with a master key and a configuration that has these lines at its end.
    pub(crate) fn new(more: &str) -> Self {
        let bench = Self {
            port: free_port(),
            ..Self::empty()
        };
        bench.write(
            "master.key",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        );
        bench.configure(more);
        bench
    }

    pub(crate) fn configure(&self, more: &str) {
        let port = self.port;
        let text = format!(
            "issuer = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n\n[keys]\nmaster_key_file = \"master.key\"\n{more}"
        );
        self.write("cardea.toml", &text);
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cardea"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_remove("CARDEA_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().unwrap())
    }

    /// Runs a command that reads this.
    pub(crate) fn tell(&self, arguments: &[&str], input: &str) -> Said {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        said(child.wait_with_output().unwrap())
    }

    /// Starts a command with this standard error. Its temporary files are in the folder.
    pub(crate) fn spawn(&self, arguments: &[&str], stderr: Stdio) -> Child {
        let mut command = self.command(arguments);
        command.env("TMPDIR", self.path()).stderr(stderr);
        command.spawn().unwrap()
    }

    /// Waits until a provider answers.
    pub(crate) fn until_served(&self) {
        let socket = self.path().join("cardea.db.sock");
        block_until("it serves", || socket.exists());
        until_listening(self.port);
    }

    /// Serves, and waits until it answers.
    pub(crate) fn serve(&self) -> Serving {
        let serving = Serving::start(self.command(&["serve"]));
        self.until_served();
        serving
    }

    /// Serves as a node on PostgreSQL, which has no socket.
    pub(crate) fn serve_node(&self) -> Serving {
        let serving = Serving::start(self.command(&["serve"]));
        until_listening(self.port);
        // It listens before its store is open.
        block_until("it is ready", || {
            self.get("/health/ready").starts_with("HTTP/1.1 200")
        });
        serving
    }

    /// Runs the gateway of `gateway.toml` at `port`, and waits until it listens.
    pub(crate) fn gateway(&self, port: u16) -> Serving {
        let serving = Serving::start(self.command(&["gateway"]));
        until_listening(port);
        serving
    }

    /// What a GET answers.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
            self.port
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// One request over plain HTTP.
    pub(crate) fn post(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// A token request of a machine with a secret; the status line and the body.
    pub(crate) fn token(&self, id: &str, secret: &str) -> String {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        self.post("/token", &body)
    }
}

/// A provider or gateway that runs; it is stopped when this goes.
pub(crate) struct Serving {
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// Reads to the end, line by line.
fn read(stderr: ChildStderr, log: &Mutex<String>) {
    for line in BufReader::new(stderr).lines() {
        let line = line.unwrap();
        log.lock().unwrap().push_str(&(line + "\n"));
    }
}

impl Serving {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let log = Arc::<Mutex<String>>::default();
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || read(stderr, &kept));
        Self {
            child,
            log,
            reader: Some(reader),
        }
    }

    /// Waits until it has logged this.
    pub(crate) fn until_logged(&self, text: &str) {
        block_until(text, || self.log.lock().unwrap().contains(text));
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop as a service manager does; what it wrote.
    pub(crate) fn terminate(mut self) -> Said {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(status.success());
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        Said {
            ok: status.success(),
            out: String::new(),
            err: self.log.lock().unwrap().clone(),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(output: Output) -> Said {
    Said {
        ok: output.status.success(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
