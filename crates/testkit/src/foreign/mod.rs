//! A provider that nobody here wrote, over sockets: npm's `oidc-provider` as `tests/interop` sets it up.

mod browser;

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

pub use browser::ForeignBrowser;

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/interop/oidc-provider.js"
);

/// The secret of its confidential clients.
pub const SECRET: &str = "the-secret-of-the-interop-tests-0123456789";
/// Where its clients get their codes.
pub const CALLBACK: &str = "https://app.example.test/callback";
/// Where its clients go after a logout.
pub const AFTER_LOGOUT: &str = "https://app.example.test/bye";

/// The running provider; it ends with the value.
#[derive(Debug)]
pub struct ForeignProvider {
    /// Its issuer.
    pub issuer: String,
    process: Child,
    /// Kept open, or what it has to say next would end it.
    _output: BufReader<ChildStdout>,
}

impl ForeignProvider {
    /// Starts one on a free port.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one that tells the client `app` of logouts at this address.
    #[must_use]
    pub fn telling(backchannel_logout_uri: &str) -> Self {
        Self::start_with(&[backchannel_logout_uri])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let mut process = Command::new("node")
            .arg(SCRIPT)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node, and what `cargo xtask setup` installs");
        let mut said = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        output.read_line(&mut said).expect("a line");
        let issuer = said.strip_prefix("ready ").map(|issuer| issuer.trim_end());
        let issuer = issuer.expect("an issuer: `node tests/interop/oidc-provider.js` says why not");
        Self {
            issuer: issuer.to_owned(),
            process,
            _output: output,
        }
    }

    /// Makes it sign with a new key.
    pub async fn turn_keys(&self) {
        let url = format!("{}/test/turn-keys", self.issuer);
        let answer = ForeignBrowser::new(&self.issuer).post(&url, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// What the token endpoint grants a client in its own name, for an API.
    pub async fn token(&self, client_id: &str, (audience, scope): (&str, &str)) -> String {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", SECRET),
            ("resource", audience),
            ("scope", scope),
        ];
        let url = format!("{}/token", self.issuer);
        let answer = ForeignBrowser::new(&self.issuer).post(&url, &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let token = answer.json()["access_token"].as_str().map(str::to_owned);
        token.expect("an access token")
    }
}

impl Drop for ForeignProvider {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
