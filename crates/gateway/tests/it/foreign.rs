//! The configurations of `deploy/` for other proxies: the real program with the real file, and what it must do.

// length: the same walk through two foreign proxies, told once.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use axum::{
    Router,
    routing::{any, get},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
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

pub(crate) async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
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
        self.start_with((NAME, free_port().await), authority, &behind)
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
        let http = free_port().await;
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
        let process = Command::new(installed(self.name))
            .args((self.arguments)(&folder, &config))
            .env("HOME", &folder)
            .env("XDG_DATA_HOME", &folder)
            .env("XDG_CONFIG_HOME", &folder)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("stderr")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", https)).await.is_ok() {
                return Foreign {
                    host,
                    authority,
                    https,
                    http,
                    _process: process,
                };
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let said = std::fs::read_to_string(folder.join("stderr")).unwrap_or_default();
        panic!("{} doesn't listen: {said}", self.name);
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

    /// A request as it stands, over TLS.
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

    /// What every configuration of `deploy/` must do.
    pub(crate) async fn does_what_the_gateway_does(&self) {
        self.private_cookies_reach_only_their_owner().await;
        self.g5_forged_headers_are_removed().await;
        self.mutual_tls_with_the_api_works().await;
        self.ambiguous_paths_are_refused().await;
        self.missing_security_headers_are_added().await;
        self.a_websocket_is_forwarded().await;
        self.other_hosts_are_refused().await;
    }

    async fn private_cookies_reach_only_their_owner(&self) {
        let cookies =
            "a=1; __Host-cardea_session=s; b=2; __Host-cardea_browser=b; __Host-cardea_device=d";
        for (path, expected) in [
            ("/auth/authorize?x=%2F", true),
            ("/auth", true),
            ("/page", false),
            ("/authority", false),
        ] {
            let request = self.client().get(self.url(path)).header("cookie", cookies);
            let seen = self.seen(request).await;
            assert_eq!(seen["target"], path);
            let got = seen["headers"]["cookie"][0].as_str().unwrap();
            assert_eq!(got.contains("cardea"), expected, "{path}: {got}");
            assert!(got.contains("a=1") && got.contains("b=2"), "{path}: {got}");
        }
        for cookies in [
            "__Host-cardea_session=s",
            "__Host-cardea_session=s; c=3",
            "c=3; __Host-cardea_device=s",
        ] {
            let request = self.client().get(self.url("/")).header("cookie", cookies);
            let seen = self.seen(request).await["headers"]["cookie"].to_string();
            assert!(!seen.contains("cardea"), "{seen}");
            assert_eq!(seen.contains("c=3"), cookies.contains("c=3"), "{seen}");
        }
    }

    async fn g5_forged_headers_are_removed(&self) {
        let mut request = self.client().get(self.url("/auth/x"));
        for name in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "forwarded",
            "x-real-ip",
            "client-cert",
            "remote-user",
            "remote-groups",
            "x-request-id",
            "x_forwarded_for",
            "remote_user",
            "x-client-ip",
            "true-client-ip",
            "x-original-url",
            "x-rewrite-url",
            "proxy",
            "x-webauth-user",
            "x-auth-request-user",
            "x-forwarded-user",
            "x-client-cert",
            "x-ssl-client-verify",
            "x-ms-client-principal-name",
            "x-amzn-mtls-clientcert",
            "cf-access-jwt-assertion",
            "tailscale-user-login",
            "wl-proxy-client-ip",
        ] {
            request = request.header(name, "forged");
        }
        let headers = self.seen(request).await["headers"].clone();
        assert!(!headers.to_string().contains("forged"), "{headers}");
        let host = format!("{NAME}:{}", self.https);
        for (name, value) in [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", &host),
            ("host", &host),
        ] {
            assert_eq!(headers[name], serde_json::json!([value]), "{name}");
        }
    }

    async fn mutual_tls_with_the_api_works(&self) {
        let answer = self.get("/api/orders").await;
        let log = std::fs::read_to_string(self.authority.file("error.log")).unwrap_or_default();
        assert_eq!(answer.status(), 200, "{log}");
        assert!(answer.text().await.unwrap().starts_with(":MI"));
    }

    async fn ambiguous_paths_are_refused(&self) {
        for target in [
            "//auth",
            "/x/../auth",
            "/x/%2e%2e/auth",
            "/auth%2fx",
            "/x/..;/auth",
            "/auth/%5cx",
            "/auth/%252e%252e/x",
            "/auth/%0a",
            "/auth\\x",
        ] {
            let answer = self
                .raw(&format!(
                    "GET {target} HTTP/1.1\r\nHost: {NAME}:{}\r\nConnection: close\r\n\r\n",
                    self.https
                ))
                .await;
            assert!(answer.starts_with("HTTP/1.1 400"), "{target}: {answer}");
        }
        assert_eq!(self.get("/page?next=%2F%2e%2e//x").await.status(), 200);
    }

    async fn missing_security_headers_are_added(&self) {
        let soft = self.get("/page").await;
        for name in [
            "strict-transport-security",
            "content-security-policy",
            "x-frame-options",
            "x-content-type-options",
            "referrer-policy",
            "x-request-id",
        ] {
            assert_eq!(soft.headers().get_all(name).iter().count(), 1, "{name}");
        }
        let strict = self.get("/strict").await;
        let policies: Vec<_> = strict
            .headers()
            .get_all("content-security-policy")
            .iter()
            .collect();
        assert_eq!(policies, ["default-src 'none'"]);
        assert!(!strict.headers().contains_key("x-powered-by"));
    }

    async fn a_websocket_is_forwarded(&self) {
        let mut stream = self.connect().await;
        let head = format!(
            "GET /chat HTTP/1.1\r\nHost: {NAME}:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.https
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\nhello ") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"frame").await.unwrap();
        let mut back = [0; 5];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"frame");
    }

    async fn other_hosts_are_refused(&self) {
        let answer = self
            .raw("GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n")
            .await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
        // RFC 9112 §3.2.2: the host of the target counts, and the other one is not forwarded.
        let answer = self
            .raw(&format!(
                "GET https://{NAME}:{}/ HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
                self.https
            ))
            .await;
        assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        assert!(!answer.contains("evil.test"), "{answer}");
        let mut plain = TcpStream::connect(("127.0.0.1", self.http)).await.unwrap();
        let request = format!("GET /a?b HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
        plain.write_all(request.as_bytes()).await.unwrap();
        let answer = crate::stage::read_all(&mut plain).await.to_lowercase();
        assert!(answer.starts_with("http/1.1 308"), "{answer}");
        assert!(
            answer.contains(&format!("location: https://{NAME}/a?b\r\n")),
            "{answer}"
        );
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
