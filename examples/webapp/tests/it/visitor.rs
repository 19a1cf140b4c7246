use std::collections::BTreeMap;

use axum::{Router, body::Body};
use cardea_web::inbound::Peer;
use cardea_webapp::{Config, router};
use http::{
    HeaderMap, Request, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use url::Url;

pub(crate) const ORIGIN: &str = "http://localhost:5174";

/// A user with a browser at the app.
pub(crate) struct Visitor {
    app: Router,
    cookies: BTreeMap<String, String>,
    address: [u8; 4],
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Visitor {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            app: router(config).unwrap(),
            cookies: BTreeMap::new(),
            address: [127, 0, 0, 1],
        }
    }

    pub(crate) fn at(mut self, address: [u8; 4]) -> Self {
        self.address = address;
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = Request::get(path)
            .header(ACCEPT, "text/html")
            .header("sec-fetch-mode", "navigate");
        self.send(request, String::new()).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("origin", ORIGIN)
            .header("sec-fetch-site", "same-origin");
        self.send(request, form).await
    }

    /// Starts a login; returns the provider's URL of the redirect.
    pub(crate) async fn begin_login(&mut self, page: &str) -> Url {
        let page = self.get(page).await;
        let login = page.location();
        let to_provider = self.get(&login).await;
        Url::parse(&to_provider.location()).unwrap()
    }

    pub(crate) async fn send(&mut self, mut request: http::request::Builder, body: String) -> Page {
        let jar = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        if !self.cookies.is_empty() {
            request = request.header(COOKIE, jar.collect::<Vec<_>>().join("; "));
        }
        let peer = Peer::Tcp {
            address: (self.address, 50_000).into(),
            tls: false,
        };
        let request = request.extension(peer).body(Body::from(body)).unwrap();
        let (parts, body) = self
            .app
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match attributes.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let text = body.collect().await.unwrap().to_bytes().to_vec();
        let text = String::from_utf8(text).unwrap();
        Page {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }
}

impl Page {
    /// The `Location` of a redirect.
    #[track_caller]
    pub(crate) fn location(&self) -> String {
        let to = self.headers.get(LOCATION);
        let to = to.unwrap_or_else(|| panic!("{} {}", self.status, self.text));
        to.to_str().unwrap().to_owned()
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        let (_, rest) = self
            .text
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        rest.split('"').next().unwrap()
    }
}
