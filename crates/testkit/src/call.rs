use std::net::{IpAddr, SocketAddr};

use axum::{Router, body::Body};
use base64::{Engine, engine::general_purpose::STANDARD};
use cardea_protocol::model::AuthMethod;
use cardea_web::inbound::Peer;
use form_urlencoded::{Serializer, byte_serialize};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use url::Url;

use crate::{TestClient, jwt};

/// One request.
pub struct Call {
    router: Router,
    method: Method,
    url: Url,
    headers: HeaderMap,
    peer: Option<SocketAddr>,
    body: Vec<u8>,
    fields: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn new(router: Router, method: &str, url: &str) -> Self {
        Self {
            router,
            method: Method::from_bytes(method.as_bytes()).expect("a method"),
            url: Url::parse(url).expect("a URL"),
            headers: HeaderMap::new(),
            peer: None,
            body: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// Comes from this address.
    #[must_use]
    pub fn from(mut self, ip: IpAddr) -> Self {
        self.peer = Some(SocketAddr::new(ip, 40_000));
        self
    }

    /// Adds a header; a second of the same name stands beside the first.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        self.headers.append(name, value);
        self
    }

    /// Adds query parameters.
    #[must_use]
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.url.query_pairs_mut().extend_pairs(pairs);
        self
    }

    /// Adds fields to the form that is sent.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let owned = fields
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        self.fields.extend(owned);
        self
    }

    /// Sends these bytes as they are.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// RFC 6749 §2.3.1: both halves form-url-encoded.
    #[must_use]
    pub fn basic(self, id: &str, secret: &str) -> Self {
        let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
        self.header("authorization", &format!("Basic {pair}"))
    }

    /// RFC 6750 §2.1
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Authenticates by the client's own method. An assertion is addressed to the issuer.
    #[must_use]
    pub fn client(self, client: TestClient) -> Self {
        match client.method {
            AuthMethod::None => self.form(&[("client_id", client.id)]),
            AuthMethod::ClientSecretBasic => self.basic(client.id, client.secret),
            AuthMethod::ClientSecretPost => {
                self.form(&[("client_id", client.id), ("client_secret", client.secret)])
            }
            AuthMethod::PrivateKeyJwt => {
                let assertion = jwt::assertion(client.id, crate::ISSUER);
                self.assertion(&assertion)
            }
        }
    }

    /// RFC 7523 §2.2
    #[must_use]
    pub fn assertion(self, assertion: &str) -> Self {
        self.form(&[
            ("client_assertion_type", jwt::ASSERTION_TYPE),
            ("client_assertion", assertion),
        ])
    }

    /// Sends it.
    pub async fn send(mut self) -> Answer {
        if !self.fields.is_empty() {
            let mut form = Serializer::new(String::new());
            self.body = form.extend_pairs(&self.fields).finish().into_bytes();
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            self.headers.entry(header::CONTENT_TYPE).or_insert(form);
        }
        let target = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = target.parse().expect("a path");
        *request.headers_mut() = self.headers;
        let host = self.url.authority().parse().expect("a host");
        request.headers_mut().entry(header::HOST).or_insert(host);
        let tls = self.url.scheme() == "https";
        if let Some(address) = self.peer {
            request.extensions_mut().insert(Peer::Tcp { address, tls });
        }
        let response = self.router.oneshot(request).await.expect("infallible");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.to_vec(),
        }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()))
    }

    /// A header that is there at most once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} comes more than once");
        Some(value.to_str().expect("ASCII"))
    }

    /// Where it redirects to.
    #[must_use]
    pub fn location(&self) -> &str {
        self.header("location")
            .unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.text()))
    }

    /// A `Set-Cookie` of this name, whole.
    #[must_use]
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        let values = self.headers.get_all("set-cookie").iter();
        values
            .filter_map(|v| v.to_str().ok())
            .find(|v| v.split('=').next() == Some(name))
    }

    /// Asserts the status and the code of an OAuth error, and what each of them must have.
    #[track_caller]
    pub fn refused(&self, status: u16, error: &str) -> serde_json::Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        let json = self.json();
        assert_eq!(json["error"], error, "{json}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert!(json["error_description"].is_string(), "{json}");
        assert_eq!(
            json.as_object().map(serde_json::Map::len),
            Some(2),
            "{json}"
        );
        json
    }

    /// Asserts a 200 with JSON that nobody may keep.
    #[track_caller]
    pub fn granted(&self) -> serde_json::Value {
        assert_eq!(self.status.as_u16(), 200, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self.json()
    }
}
