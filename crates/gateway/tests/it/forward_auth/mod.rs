//! Forward-auth: an app without any login behind the real nginx and the real Caddy, with Cardea as the provider.

mod app;
mod gate;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use cardea_client::Entropy;
use cardea_gateway::{
    AccessRule, ForwardAuthConfig, Gateway, GatewayConfig, Listeners, ProtectedApp, Serving,
};
use cardea_testkit::{Browser, Person, TestServer, clients, flows, free_port, listen};
use cardea_web::clock::Clock;
use tokio_util::sync::CancellationToken;

use crate::{
    authority::Authority,
    behind::mirror,
    foreign::{Foreign, Program, nginx_arguments, port_of},
};

const HOST: &str = "wiki.example.com";

const NGINX: Program = Program {
    name: "nginx",
    file: "forward-auth.nginx.conf",
    arguments: nginx_arguments,
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
    // The address of forward-auth itself.
    gate: SocketAddr,
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
    let callback = format!("{origin}/forward-auth/callback");
    TestServer::builder()
        .client(clients::SPA.id, |client| {
            client.redirect_uris = vec![callback];
            "openid profile email roles".clone_into(&mut client.scope);
        })
        .listen()
        .await
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
        let https = free_port();
        let origin = format!("https://{HOST}:{https}");
        let provider = provider(&origin).await;
        let authority = Authority::new();
        let key_file = authority.file("session.key");
        std::fs::write(&key_file, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
        let config = config(provider.issuer(), origin, key_file);
        let stop = CancellationToken::new();
        let clock = Arc::clone(&provider.clock) as Arc<dyn Clock>;
        let gateway = Gateway::new(config.clone(), clock, Entropy::system(), stop.clone()).unwrap();
        let (listener, _) = listen().await;
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
            gate,
            provider,
            cookies: BTreeMap::new(),
            stop,
        }
    }

    fn request(&self, method: http::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.proxy.client().request(method, self.proxy.url(path));
        request.header("cookie", self.cookie())
    }

    /// What a proxy asks about a GET of `/page`.
    fn check(&self) -> reqwest::RequestBuilder {
        let host = self.proxy.url("").replace("https://", "");
        reqwest::Client::new()
            .get(format!("http://{}/forward-auth/check", self.gate))
            .header("cookie", self.cookie())
            .header("x-forwarded-host", host)
            .header("x-forwarded-method", "GET")
            .header("x-forwarded-uri", "/page")
    }

    fn cookie(&self) -> String {
        let cookies = self.cookies.iter();
        let pairs: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
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
