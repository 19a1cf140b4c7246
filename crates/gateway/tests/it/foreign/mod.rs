//! The configurations of `deploy/` for other proxies: the real program with the real file, and what it must do.

mod checks;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use axum::{
    Router,
    routing::{any, get},
};
use cardea_testkit::{eventually, free_port};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

use crate::{
    authority::{Authority, mutual},
    behind::{mirror, seen, serve, upgrade},
    stage::client,
};

const NAME: &str = "app.example.com";

/// A proxy of another make in front of a provider, an API and an app.
pub(crate) struct Foreign {
    host: &'static str,
    authority: Authority,
    https: u16,
    http: u16,
    _process: Child,
}

/// A program with its configuration from `deploy/`.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    /// A single process: it is killed at the end, and would leave child processes behind.
    pub(crate) arguments: fn(&Path, &Path) -> Vec<String>,
    /// Ports, as the file of this program writes them.
    pub(crate) ports: fn(text: String, https: u16, http: u16) -> String,
}

/// One process of nginx, with this folder and this configuration.
pub(crate) fn nginx_arguments(folder: &Path, config: &Path) -> Vec<String> {
    let (folder, config) = (folder.display().to_string(), config.display().to_string());
    [
        "-p",
        &folder,
        "-c",
        &config,
        "-g",
        "daemon off; master_process off;",
    ]
    .map(str::to_owned)
    .to_vec()
}

pub(crate) fn port_of(url: &str) -> &str {
    url.rsplit(':').next().unwrap()
}

/// The program, or a failure that says how to get it.
fn installed(name: &str) -> PathBuf {
    let folders = [
        "/usr/sbin",
        "/usr/bin",
        "/usr/local/sbin",
        "/usr/local/bin",
        "/opt/homebrew/bin",
    ];
    let mut places = folders.iter().map(|folder| Path::new(folder).join(name));
    places.find(|file| file.exists()).unwrap_or_else(|| {
        panic!("{name} is missing: run `cargo xtask setup`, or `apt-get install {name}`")
    })
}

impl Program {
    /// Before a provider, an API and an app.
    pub(crate) async fn start(&self) -> Foreign {
        let authority = Authority::new();
        let api = mutual(&authority, "api.internal").await;
        let (provider, app) = (mirror().await, app().await);
        let (provider, app) = (port_of(&provider), port_of(&app));
        let behind = [
            ("127.0.0.1:9000", format!("127.0.0.1:{provider}")),
            ("127.0.0.1:4000", format!("127.0.0.1:{api}")),
            ("127.0.0.1:5173", format!("127.0.0.1:{app}")),
        ];
        self.start_with((NAME, free_port()), authority, &behind)
            .await
    }

    /// As this host at this port, with these replacements in its file.
    pub(crate) async fn start_with(
        &self,
        (host, https): (&'static str, u16),
        authority: Authority,
        replace: &[(&str, String)],
    ) -> Foreign {
        let folder = authority.folder.path().to_owned();
        for (name, cert, key) in [
            (host, "cert.pem", "key.pem"),
            ("gateway", "gateway.pem", "gateway.key"),
        ] {
            let (made, made_key) = authority.vouch(name);
            std::fs::rename(made, folder.join(cert)).unwrap();
            std::fs::rename(made_key, folder.join(key)).unwrap();
        }
        std::fs::copy(folder.join("ca.pem"), folder.join("internal-ca.pem")).unwrap();
        let http = free_port();
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../deploy")
            .join(self.file);
        let text = std::fs::read_to_string(file).unwrap();
        let mut text = (self.ports)(text, https, http)
            .replace("/etc/cardea/", &format!("{}/", folder.display()))
            .replace("/var/log/nginx", &folder.display().to_string())
            .replace(
                "/run/nginx.pid",
                &folder.join("nginx.pid").display().to_string(),
            );
        for (from, to) in replace {
            assert!(text.contains(from), "{} has no {from}", self.file);
            text = text.replace(from, to);
        }
        let config = folder.join(self.file);
        std::fs::write(&config, text).unwrap();
        let mut process = Command::new(installed(self.name))
            .args((self.arguments)(&folder, &config))
            .env("HOME", &folder)
            .env("XDG_DATA_HOME", &folder)
            .env("XDG_CONFIG_HOME", &folder)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("stderr")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        eventually("the proxy listens", async || {
            let ended = process.try_wait().unwrap();
            if let Some(status) = ended {
                let said = std::fs::read_to_string(folder.join("stderr")).unwrap_or_default();
                panic!("{} ended with {status}: {said}", self.name);
            }
            TcpStream::connect(("127.0.0.1", https)).await.is_ok()
        })
        .await;
        Foreign {
            host,
            authority,
            https,
            http,
            _process: process,
        }
    }
}

async fn app() -> String {
    let strict = [
        ("content-security-policy", "default-src 'none'"),
        ("x-powered-by", "secret"),
    ];
    let router = Router::new()
        .route("/strict", get(move || async move { (strict, "strict") }))
        .route("/chat", get(upgrade))
        .fallback(any(seen));
    serve(router).await
}

impl Foreign {
    pub(crate) fn client(&self) -> reqwest::Client {
        let ca = std::fs::read(self.authority.file("ca.pem")).unwrap();
        let root = reqwest::Certificate::from_pem(&ca).unwrap();
        let address = ([127, 0, 0, 1], self.https).into();
        client(address)
            .resolve(self.host, address)
            .tls_certs_only([root])
            .build()
            .unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}:{}{path}", self.host, self.https)
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client().get(self.url(path)).send().await.unwrap()
    }

    async fn seen(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// A request with exactly these bytes, over TLS.
    async fn raw(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_secs(1), read).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn connect(&self) -> tokio_rustls::client::TlsStream<TcpStream> {
        use rustls::pki_types::pem::PemObject as _;
        let pem = std::fs::read(self.authority.file("ca.pem")).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap())
            .unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
        let stream = TcpStream::connect(("127.0.0.1", self.https)).await.unwrap();
        connector
            .connect(NAME.try_into().unwrap(), stream)
            .await
            .unwrap()
    }

    /// Asks for a path so often, and counts the answers with this status.
    pub(crate) async fn times(&self, path: &str, asked: usize, status: u16) -> usize {
        let client = self.client();
        let mut count = 0;
        for _ in 0..asked {
            let answer = client.get(self.url(path)).send().await.unwrap();
            count += usize::from(answer.status() == status);
        }
        count
    }
}
