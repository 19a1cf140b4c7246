//! An app without any login behind the real nginx and the real Caddy, with Cardea as the provider: a whole login.

// length: each test is one request of a proxy; together they are the table of forward-auth.

use std::{collections::BTreeMap, sync::Arc};

use cardea_client::Entropy;
use cardea_gateway::{
    AccessRule, ForwardAuthConfig, Gateway, GatewayConfig, Listeners, ProtectedApp, Serving,
};
use cardea_testkit::{Browser, Person, TestServer, clients, flows};
use cardea_web::clock::Clock;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    authority::Authority,
    behind::mirror,
    foreign::{Foreign, Program, free_port, port_of},
};

const HOST: &str = "wiki.example.com";

const NGINX: Program = Program {
    name: "nginx",
    file: "forward-auth.nginx.conf",
    arguments: |folder, config| {
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
    },
    ports: |text, https, _| {
        let server = text
            .replace("listen 443", &format!("listen 127.0.0.1:{https}"))
            .replace("(:443)?", &format!("(:{https})?"));
        format!(
            "pid /run/nginx.pid;\nerror_log /var/log/nginx/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{server}\n}}\n"
        )
    },
};

const CADDY: Program = Program {
    name: "caddy",
    file: "forward-auth.Caddyfile",
    arguments: |_, config| {
        let config = config.display().to_string();
        ["run", "--adapter", "caddyfile", "--config", &config]
            .map(str::to_owned)
            .to_vec()
    },
    ports: |text, https, _| {
        let site = format!("https://wiki.example.com:{https} {{\n\tbind 127.0.0.1\n");
        text.replace("https://wiki.example.com {\n", &site)
    },
};

/// The proxy, the gateway behind it and the provider.
struct World {
    proxy: Foreign,
    provider: TestServer,
    cookies: BTreeMap<String, String>,
    stop: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A provider with a redirect URI at this origin.
async fn provider(origin: &str) -> TestServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let callback = format!("{origin}/forward-auth/callback");
    let server = TestServer::builder()
        .issuer(&issuer)
        .client(clients::SPA.id, |client| {
            client.redirect_uris = vec![callback];
            "openid profile email roles".clone_into(&mut client.scope);
        })
        .start()
        .await;
    let router = server.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    server
}

fn config(issuer: &str, origin: String, key_file: String) -> GatewayConfig {
    let mut config = ForwardAuthConfig {
        key_file,
        apps: vec![ProtectedApp {
            origin,
            rules: vec![AccessRule {
                prefix: "/admin".to_owned(),
                roles: vec!["admin".to_owned()],
            }],
        }],
        ..ForwardAuthConfig::default()
    };
    config.login.issuer = issuer.to_owned();
    config.login.client_id = clients::SPA.id.to_owned();
    config.login.scopes = ["openid", "profile", "email", "roles"]
        .map(str::to_owned)
        .to_vec();
    GatewayConfig {
        forward_auth: Some(config),
        ..GatewayConfig::default()
    }
}

impl World {
    async fn behind(program: &Program) -> Self {
        let https = free_port().await;
        let origin = format!("https://{HOST}:{https}");
        let provider = provider(&origin).await;
        let authority = Authority::new();
        let key_file = authority.file("session.key");
        std::fs::write(&key_file, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
        let config = config(provider.issuer(), origin, key_file);
        let stop = CancellationToken::new();
        let clock = Arc::clone(&provider.clock) as Arc<dyn Clock>;
        let gateway = Gateway::new(config.clone(), clock, Entropy::system(), stop.clone()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = listener.local_addr().unwrap();
        let listeners = Listeners {
            forward_auth: Some(listener),
            ..Listeners::default()
        };
        let serving = Serving::at(&config, gateway, listeners).unwrap();
        tokio::spawn(serving.run(stop.clone()));
        let app = mirror().await;
        let behind = [
            ("127.0.0.1:8444", gate.to_string()),
            ("127.0.0.1:3000", format!("127.0.0.1:{}", port_of(&app))),
        ];
        let proxy = program.start_with((HOST, https), authority, &behind).await;
        Self {
            proxy,
            provider,
            cookies: BTreeMap::new(),
            stop,
        }
    }

    fn request(&self, method: http::Method, path: &str) -> reqwest::RequestBuilder {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = self.proxy.client().request(method, self.proxy.url(path));
        request.header("cookie", cookies.join("; "))
    }

    /// Requests a page like a browser, and keeps its cookies.
    async fn open(&mut self, path: &str) -> reqwest::Response {
        let request = self
            .request(http::Method::GET, path)
            .header("accept", "text/html");
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{name}");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// The path on the app's own origin that a response redirects to.
    fn way(&self, answer: &reqwest::Response) -> String {
        assert_eq!(answer.status(), 303);
        let location = answer.headers()["location"].to_str().unwrap();
        let own = self.proxy.url("");
        let path = location
            .strip_prefix(&own)
            .unwrap_or_else(|| panic!("{location} is on another origin"));
        path.to_owned()
    }

    /// Logs in from a page; the response of the page afterwards.
    async fn log_in(&mut self, page: &str, person: Person) -> reqwest::Response {
        let login = self.open(page).await;
        let login = self.open(&self.way(&login)).await;
        let to_provider = login.headers()["location"].to_str().unwrap().to_owned();
        let query = {
            let mut browser = Browser::new(&self.provider);
            let mut shown = browser.open(&to_provider).await;
            shown = flows::log_in_at(&mut browser, &shown, person).await;
            shown = flows::decide(&mut browser, &shown, "allow").await;
            let callback = shown.callback();
            let pairs = callback.iter().map(|(name, value)| {
                format!(
                    "{name}={}",
                    url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>()
                )
            });
            pairs.collect::<Vec<_>>().join("&")
        };
        let back = self.open(&format!("/forward-auth/callback?{query}")).await;
        let page = self.way(&back);
        self.open(&page).await
    }
}

async fn an_app_without_a_login_is_protected(program: &Program) {
    let mut world = World::behind(program).await;
    world
        .requests_without_a_session_do_not_reach_the_app()
        .await;
    world
        .a_user_returns_to_the_requested_page_after_login()
        .await;
    world.identity_headers_of_the_client_are_overwritten().await;
    world.paths_without_the_required_role_are_refused().await;
    world.g2_cross_site_forms_and_websockets_are_refused().await;
    world
        .open_redirects_and_foreign_callbacks_are_refused()
        .await;
}

impl World {
    /// A script gets no login page: it could not use it.
    async fn requests_without_a_session_do_not_reach_the_app(&self) {
        let page = |method| self.request(method, "/page");
        let script = page(http::Method::GET).header("accept", "application/json");
        for request in [
            script.header("sec-fetch-mode", "cors"),
            page(http::Method::GET).header("remote-user", "admin"),
            page(http::Method::POST).header("accept", "text/html"),
        ] {
            assert_eq!(request.send().await.unwrap().status(), 401);
        }
    }

    async fn a_user_returns_to_the_requested_page_after_login(&mut self) {
        let answer = self.log_in("/page?x=1&y=%2F", Person::ALICE).await;
        assert_eq!(answer.status(), 200);
        let seen: Value = answer.json().await.unwrap();
        let headers = &seen["headers"];
        assert_eq!(seen["target"], "/page?x=1&y=%2F");
        let subject = self.provider.subject(Person::ALICE).await;
        for (name, value) in [
            ("remote-user", subject.as_str()),
            ("remote-email", "alice@example.test"),
            ("remote-groups", "user"),
        ] {
            assert_eq!(headers[name], serde_json::json!([value]), "{name}");
        }
        assert!(
            !headers["cookie"].to_string().contains("__Host-cardea_gate"),
            "{headers}"
        );
    }

    async fn identity_headers_of_the_client_are_overwritten(&self) {
        let mut request = self.request(http::Method::GET, "/page");
        for name in [
            "remote-user",
            "remote-groups",
            "remote-email",
            "remote-name",
            "remote_user",
            "x-webauth-user",
            "x-auth-request-email",
            "x-client-dn",
        ] {
            request = request.header(name, "forged");
        }
        let text = request.send().await.unwrap().text().await.unwrap();
        let subject = self.provider.subject(Person::ALICE).await;
        assert!(
            !text.contains("forged") && text.contains(subject.as_str()),
            "{text}"
        );
    }

    async fn paths_without_the_required_role_are_refused(&mut self) {
        for path in [
            "/admin",
            "/admin/users?x",
            "/%61dmin",
            "/Admin",
            "/admin;x",
            "/admin.json",
            "/admin%20/x",
            "/admin:x",
            "/admin::$DATA",
            "/ad%E2%80%8Bmin",
            "/%EF%BD%81%EF%BD%84%EF%BD%8D%EF%BD%89%EF%BD%8E",
        ] {
            assert_eq!(self.open(path).await.status(), 403, "{path}");
        }
        for path in ["//admin", "/x/..;/admin", "/x%2f..%2fadmin"] {
            assert_eq!(self.open(path).await.status(), 400, "{path}");
        }
    }

    async fn g2_cross_site_forms_and_websockets_are_refused(&self) {
        for (origin, expected) in [
            (self.proxy.url(""), 200),
            ("https://evil.test".to_owned(), 403),
            ("null".to_owned(), 403),
        ] {
            let form = self
                .request(http::Method::POST, "/page")
                .header("origin", &origin);
            assert_eq!(form.body("a=1").send().await.unwrap().status(), expected);
            let websocket = self
                .request(http::Method::GET, "/page")
                .header("origin", origin)
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            assert_eq!(websocket.send().await.unwrap().status(), expected);
        }
    }

    async fn open_redirects_and_foreign_callbacks_are_refused(&mut self) {
        let path = "/forward-auth/login?return_to=https%3A%2F%2Fevil.test";
        assert_eq!(self.open(path).await.status(), 400);
        let foreign = self.open("/forward-auth/callback?code=x&state=y").await;
        assert!(foreign.status().is_client_error());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_behind_nginx_is_protected() {
    an_app_without_a_login_is_protected(&NGINX).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_behind_caddy_is_protected() {
    an_app_without_a_login_is_protected(&CADDY).await;
}

#[tokio::test]
async fn a_role_of_a_rule_grants_access() {
    let mut world = World::behind(&NGINX).await;
    let answer = world.log_in("/admin/users", Person::BOB).await;
    assert_eq!(answer.status(), 200);
    let seen: Value = answer.json().await.unwrap();
    assert_eq!(
        seen["headers"]["remote-groups"],
        serde_json::json!(["user,admin"])
    );
}

/// A gateway for one app, and its address. Nobody has a session at it.
async fn gate(trusted: &str) -> (std::net::SocketAddr, CancellationToken) {
    let authority = Authority::new();
    let key_file = authority.file("session.key");
    std::fs::write(&key_file, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let issuer = "http://127.0.0.1:9";
    let mut config = config(issuer, format!("https://{HOST}"), key_file);
    config.forward_auth.as_mut().unwrap().trusted = vec![trusted.to_owned()];
    let stop = CancellationToken::new();
    let clock = Arc::new(cardea_web::clock::SystemClock);
    let gateway = Gateway::new(config.clone(), clock, Entropy::seeded(1), stop.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listeners = Listeners {
        forward_auth: Some(listener),
        ..Listeners::default()
    };
    let serving = Serving::at(&config, gateway, listeners).unwrap();
    tokio::spawn(serving.run(stop.clone()));
    (address, stop)
}

async fn ask(address: std::net::SocketAddr, headers: &[(&str, &str)]) -> reqwest::Response {
    let mut request = reqwest::Client::new()
        .get(format!("http://{address}/forward-auth/auth-request"))
        .header("accept", "text/html");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

const PAGE: [(&str, &str); 3] = [
    ("x-forwarded-host", HOST),
    ("x-forwarded-method", "GET"),
    ("x-forwarded-uri", "/page"),
];

/// The proxies are known by their address, the apps by the host of the request.
#[tokio::test]
async fn only_configured_proxies_are_answered_and_only_for_configured_hosts() {
    for (trusted, host, expected) in [
        ("127.0.0.1", HOST, 401),
        ("127.0.0.1", "evil.test", 403),
        ("10.0.0.0/8", HOST, 403),
    ] {
        let (address, stop) = gate(trusted).await;
        let [_, method, uri] = PAGE;
        let answer = ask(address, &[("x-forwarded-host", host), method, uri]).await;
        assert_eq!(answer.status(), expected, "{trusted} {host}");
        let location = answer
            .headers()
            .get("location")
            .map(|to| to.to_str().unwrap());
        let login = format!("https://{HOST}/forward-auth/login?return_to=%2Fpage");
        assert_eq!(location, (expected == 401).then_some(login.as_str()));
        stop.cancel();
    }
}

#[tokio::test]
async fn g3_a_path_that_an_app_could_read_as_one_under_a_rule_is_refused_before_any_login() {
    let (address, stop) = gate("127.0.0.1").await;
    let [host, method, _] = PAGE;
    for (uri, expected) in [
        ("/admin", 401),
        ("/administration", 401),
        ("/a%20b:c;d", 401),
        ("/admin%20", 403),
        ("/admin%20/x?y", 403),
        ("/ADMIN", 403),
        ("/admin:x", 403),
        ("/admin::$INDEX_ALLOCATION", 403),
        ("/admin%E2%80%8B", 403),
        ("/adm%C2%ADin/x", 403),
        ("/%EF%BC%A1dmin", 403),
        ("/admin%E3%80%82", 403),
        ("/%2561dmin", 403),
        ("/x/../admin", 403),
        ("/admin%2f", 403),
    ] {
        let answer = ask(address, &[host, method, ("x-forwarded-uri", uri)]).await;
        assert_eq!(answer.status(), expected, "{uri}");
    }
    stop.cancel();
}

#[tokio::test]
async fn g6_what_a_client_and_a_proxy_both_say_is_refused() {
    let (address, stop) = gate("127.0.0.1").await;
    assert_eq!(ask(address, &PAGE).await.status(), 401);
    let [host, method, uri] = PAGE;
    for more in [
        ("x-forwarded-host", HOST),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-method", "POST"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/admin"),
        ("x-forwarded-proto", "https, http"),
    ] {
        for headers in [[host, method, uri, more], [more, host, method, uri]] {
            let answer = ask(address, &headers).await;
            assert_eq!(answer.status(), 403, "{headers:?}");
            assert!(
                answer
                    .text()
                    .await
                    .unwrap()
                    .contains("<h1>Access denied</h1>")
            );
        }
    }
    for list in [
        ("x-forwarded-host", format!("{HOST}, evil.test")),
        ("x-forwarded-host", format!("evil.test, {HOST}")),
        ("x-forwarded-method", "GET, POST".to_owned()),
        ("x-forwarded-uri", "/page, /admin".to_owned()),
    ] {
        let mut headers: Vec<_> = PAGE
            .into_iter()
            .filter(|(name, _)| *name != list.0)
            .collect();
        headers.push((list.0, &list.1));
        assert_eq!(ask(address, &headers).await.status(), 403, "{list:?}");
    }
    stop.cancel();
}
