//! The real binary on a free port, and the requests of a client and a browser.

use std::{
    io,
    path::Path,
    process::{Child, Command, Stdio},
};

use cardea_testkit::{block_until, free_port};

use crate::http;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const REDIRECT_URI: &str = "http://127.0.0.1/callback";

pub(crate) struct Provider {
    child: Child,
    address: String,
}

impl Provider {
    /// Starts the provider on the store of this folder; the port stays the same, for the issuer has it.
    pub(crate) fn start(folder: &Path) -> Self {
        let config = folder.join("cardea.toml");
        if !config.exists() {
            let port = free_port();
            std::fs::write(
                folder.join("master.key"),
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            )
            .unwrap();
            std::fs::write(&config, settings(folder, port)).unwrap();
        }
        let text = std::fs::read_to_string(&config).unwrap();
        let address = text
            .lines()
            .find_map(|l| l.strip_prefix("listen = "))
            .unwrap()
            .trim_matches('"')
            .to_owned();
        let child = Command::new(env!("CARGO_BIN_EXE_cardea"))
            .args(["--log", "error", "serve", "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let provider = Self { child, address };
        provider.wait_until_ready();
        provider
    }

    fn wait_until_ready(&self) {
        block_until("the provider is ready", || {
            http::get(&self.address, "/health/ready", "").is_ok_and(|answer| answer.status == 200)
        });
    }

    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// SIGKILL: no handler, no flush, no goodbye.
    pub(crate) fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn redeem(&self, code: &str) -> io::Result<String> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        tokens(&self.address, &form)
    }

    pub(crate) fn refresh(&self, token: &str) -> io::Result<String> {
        refresh(&self.address, token)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn refresh(at: &str, token: &str) -> io::Result<String> {
    tokens(
        at,
        &[("grant_type", "refresh_token"), ("refresh_token", token)],
    )
}

/// The refresh token of the answer.
fn tokens(at: &str, form: &[(&str, &str)]) -> io::Result<String> {
    let mut form = form.to_vec();
    form.extend([("client_id", "app"), ("client_secret", SECRET)]);
    let answer = http::post(at, "/token", "", &form)?;
    let json: serde_json::Value = serde_json::from_str(&answer.body).map_err(io::Error::other)?;
    let token = json
        .get("refresh_token")
        .and_then(serde_json::Value::as_str);
    token
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("{}: {}", answer.status, answer.body)))
}

/// A code, in the session of a browser that has logged in and consented.
pub(crate) fn code(at: &str, browser: &Browser) -> io::Result<String> {
    let answer = http::get(at, &authorize(), &browser.cookies)?;
    code_of(answer.header("location"))
        .ok_or_else(|| io::Error::other(format!("{}: no code", answer.status)))
}

/// A browser that is logged in.
#[derive(Clone)]
pub(crate) struct Browser {
    cookies: String,
}

impl Browser {
    /// Through the login page and the consent page.
    pub(crate) fn log_in(provider: &Provider) -> Self {
        let at = provider.address.as_str();
        let start = http::get(at, &authorize(), "").unwrap();
        let mut jar = Jar::default();
        jar.take(&start);
        let page = http::get(at, path(start.header("location").unwrap()), &jar.text()).unwrap();
        let (ticket, csrf) = (field(&page.body, "ticket"), field(&page.body, "csrf"));
        let form = [
            ("ticket", ticket.as_str()),
            ("csrf", &csrf),
            ("username", "alice"),
            ("password", "a-rabbit-hole-deep-7"),
        ];
        let answer = http::post(at, "/login", &jar.text(), &form).unwrap();
        jar.take(&answer);
        let page = http::get(at, path(answer.header("location").unwrap()), &jar.text()).unwrap();
        let (ticket, csrf) = (field(&page.body, "ticket"), field(&page.body, "csrf"));
        let form = [
            ("ticket", ticket.as_str()),
            ("csrf", &csrf),
            ("decision", "allow"),
        ];
        let answer = http::post(at, "/consent", &jar.text(), &form).unwrap();
        assert!(
            code_of(answer.header("location")).is_some(),
            "no code after the consent: {}",
            answer.status
        );
        Self {
            cookies: jar.text(),
        }
    }

    pub(crate) fn code(&self, provider: &Provider) -> String {
        code(&provider.address, self).unwrap()
    }
}

#[derive(Default)]
struct Jar(Vec<(String, String)>);

impl Jar {
    fn take(&mut self, answer: &http::Answer) {
        for cookie in answer.all("set-cookie") {
            let (name, value) = cookie
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
                .unwrap();
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    fn text(&self) -> String {
        self.0
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

fn authorize() -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", "app"),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid offline_access"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    format!("/authorize?{query}")
}

fn code_of(location: Option<&str>) -> Option<String> {
    let (_, query) = location?.split_once('?')?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(k, _)| k == "code")
        .map(|(_, v)| v.into_owned())
}

fn path(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    after.find('/').map_or("/", |i| &after[i..])
}

fn field(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn settings(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        r#"issuer = "http://localhost:{port}"
listen = "127.0.0.1:{port}"
[store]
url = "sqlite:{folder}/cardea.db"
[keys]
master_key_file = "{folder}/master.key"
[limits]
enabled = false
[[clients]]
client_id = "app"
client_secret = "{SECRET}"
token_endpoint_auth_method = "client_secret_post"
redirect_uris = ["{REDIRECT_URI}"]
grant_types = ["authorization_code", "refresh_token"]
scope = "openid offline_access"
[[users]]
username = "alice"
password = "a-rabbit-hole-deep-7"
"#
    )
}
