use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::{Position, Url};

use crate::{Answer, Form, Page};

const MOST_REDIRECTS: usize = 10;

/// A browser with a cookie jar, over sockets. It follows redirects within the provider and stops where they lead to a client.
#[derive(Debug, Clone)]
pub struct ForeignBrowser {
    home: String,
    jar: BTreeMap<String, String>,
}

impl ForeignBrowser {
    /// A browser without cookies, for this provider.
    #[must_use]
    pub fn new(issuer: &str) -> Self {
        Self {
            home: issuer.to_owned(),
            jar: BTreeMap::new(),
        }
    }

    /// Opens an address, and goes where it leads.
    pub async fn open(&mut self, url: &str) -> Page {
        let answer = self.exchange("GET", url, "").await;
        self.follow(url, answer).await
    }

    /// Submits a form of a page with these fields filled in, and goes where that leads.
    pub async fn submit(&mut self, page: &Page, form: Form, fill: &[(&str, &str)]) -> Page {
        let url = page.url.join(&form.action).expect("an action");
        let form = fill.iter().fold(form, |form, (k, v)| form.with(k, v));
        let fields: Vec<_> = form.fields.iter().map(|(k, v)| (&**k, &**v)).collect();
        let answer = self.post(url.as_str(), &fields).await;
        self.follow(url.as_str(), answer).await
    }

    /// Posts these fields.
    pub async fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Answer {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        self.exchange("POST", url, &body).await
    }

    async fn follow(&mut self, url: &str, answer: Answer) -> Page {
        let mut here = page(url, answer);
        for _ in 0..MOST_REDIRECTS {
            let Some(location) = here.answer.header("location") else {
                return here;
            };
            let there = here.url.join(location).expect("a location");
            if !there.as_str().starts_with(&self.home) {
                return here;
            }
            let answer = self.exchange("GET", there.as_str(), "").await;
            here = page(there.as_str(), answer);
        }
        panic!(
            "more than {MOST_REDIRECTS} redirects, the last at {}",
            here.url
        );
    }

    /// One request by HTTP/1.0, where a body ends with its connection.
    async fn exchange(&mut self, method: &str, url: &str, body: &str) -> Answer {
        let url = Url::parse(url).expect("a URL");
        let authority = url.authority();
        let target = &url[Position::BeforePath..Position::AfterQuery];
        let cookies: Vec<_> = self.jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let cookies = cookies.join("; ");
        let request = format!(
            "{method} {target} HTTP/1.0\r\nhost: {authority}\r\naccept: text/html\r\ncookie: {cookies}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(authority).await.expect("a listener");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        let answer = parse(&answer);
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("ASCII");
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            if value.is_empty() || attributes.contains("expires=Thu, 01 Jan 1970") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn parse(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.expect("the end of the head");
    let head = std::str::from_utf8(&answer[..end]).expect("text");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').expect("a header");
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        let value = HeaderValue::from_str(value.trim()).expect("a value");
        headers.append(name, value);
    }
    Answer {
        status: status
            .and_then(|s| StatusCode::from_bytes(s.as_bytes()).ok())
            .expect("a status"),
        headers,
        body: answer[end + 4..].to_vec(),
    }
}

fn page(url: &str, answer: Answer) -> Page {
    let url = Url::parse(url).expect("a URL");
    Page { url, answer }
}
