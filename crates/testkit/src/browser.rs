use std::{collections::BTreeMap, net::IpAddr};

use url::Url;

use crate::{Answer, Call, Form, Page, TestServer};

const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const MOST_REDIRECTS: usize = 10;

/// A browser with a cookie jar. It follows redirects within the provider and stops where they lead to a client.
pub struct Browser<'a> {
    server: &'a TestServer,
    jar: BTreeMap<String, String>,
    address: IpAddr,
    user_agent: String,
    languages: Option<String>,
}

impl<'a> Browser<'a> {
    /// A browser without cookies.
    #[must_use]
    pub fn new(server: &'a TestServer) -> Self {
        Self {
            server,
            jar: BTreeMap::new(),
            address: IpAddr::from([203, 0, 113, 7]),
            user_agent: USER_AGENT.to_owned(),
            languages: None,
        }
    }

    /// The same browser in another network.
    #[must_use]
    pub fn at(mut self, address: [u8; 4]) -> Self {
        self.address = IpAddr::from(address);
        self
    }

    /// Another browser, by its `User-Agent`, with the same cookies.
    #[must_use]
    pub fn named(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    /// The same browser with these languages as its `Accept-Language`.
    #[must_use]
    pub fn reading(mut self, languages: &str) -> Self {
        self.languages = Some(languages.to_owned());
        self
    }

    /// The provider it looks at.
    #[must_use]
    pub fn server(&self) -> &'a TestServer {
        self.server
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.get(name).map(String::as_str)
    }

    /// All cookies.
    #[must_use]
    pub fn cookies(&self) -> &BTreeMap<String, String> {
        &self.jar
    }

    /// Plants a cookie, as a neighbour or a thief would.
    pub fn plant(&mut self, name: &str, value: &str) {
        self.jar.insert(name.to_owned(), value.to_owned());
    }

    /// Loses a cookie.
    pub fn lose(&mut self, name: &str) {
        self.jar.remove(name);
    }

    /// Follows a link of another site.
    pub async fn open(&mut self, url: &str) -> Page {
        let answer = self.get(url, "cross-site").await;
        self.follow(url, answer).await
    }

    /// Opens an address without following where it leads.
    pub async fn open_once(&mut self, url: &str) -> Page {
        let answer = self.get(url, "none").await;
        page(url, answer)
    }

    /// Submits a form of a page with these fields filled in and this button pressed.
    pub async fn submit(&mut self, page: &Page, form: Form, fill: &[(&str, &str)]) -> Page {
        let url = page.url.join(&form.action).expect("an action");
        let answer = self.submit_once(page, form, fill).await;
        self.follow(url.as_str(), answer).await
    }

    /// Submits a form without following where that leads.
    pub async fn submit_once(&mut self, page: &Page, form: Form, fill: &[(&str, &str)]) -> Answer {
        let url = page.url.join(&form.action).expect("an action");
        let form = fill.iter().fold(form, |form, (k, v)| form.with(k, v));
        // Fetch §3.2: under no-referrer a browser hides the origin of its own forms.
        let hidden = page.answer.header("referrer-policy") == Some("no-referrer");
        let own = page.url.origin().ascii_serialization();
        let origin = if hidden { "null" } else { own.as_str() };
        let call = self.call("POST", url.as_str(), true);
        let call = call
            .header("origin", origin)
            .header("sec-fetch-site", "same-origin");
        let pairs: Vec<_> = form
            .fields
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        let answer = call.form(&pairs).send().await;
        self.keep(&answer);
        answer
    }

    /// Posts a form that stands on a page of another site: Lax cookies stay at home.
    pub async fn cross_site_post(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        let call = self.call("POST", url, false);
        let call = call
            .header("origin", "https://elsewhere.example.test")
            .header("sec-fetch-site", "cross-site");
        let answer = call.form(fields).send().await;
        self.keep(&answer);
        self.follow(url, answer).await
    }

    /// A request with this browser's cookies and nothing else.
    #[must_use]
    pub fn call(&self, method: &str, url: &str, with_cookies: bool) -> Call {
        let call = Call::new(self.server.router(), method, url);
        let call = call
            .from(self.address)
            .header("user-agent", &self.user_agent);
        let call = match &self.languages {
            Some(languages) => call.header("accept-language", languages),
            None => call,
        };
        if !with_cookies || self.jar.is_empty() {
            return call;
        }
        let cookies: Vec<_> = self.jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
        call.header("cookie", &cookies.join("; "))
    }

    async fn get(&mut self, url: &str, site: &str) -> Answer {
        let call = self.call("GET", url, true).header("sec-fetch-site", site);
        let answer = call.send().await;
        self.keep(&answer);
        answer
    }

    async fn follow(&mut self, url: &str, answer: Answer) -> Page {
        let mut here = page(url, answer);
        for _ in 0..MOST_REDIRECTS {
            let Some(location) = here.answer.header("location") else {
                return here;
            };
            assert_eq!(here.status(), 303, "a redirect that isn't a 303");
            let there = here.url.join(location).expect("a location");
            let own = format!("{}/", self.server.issuer());
            if !there.as_str().starts_with(&own) {
                return here;
            }
            let answer = self.get(there.as_str(), "cross-site").await;
            here = page(there.as_str(), answer);
        }
        panic!(
            "more than {MOST_REDIRECTS} redirects, the last at {}",
            here.url
        );
    }

    fn keep(&mut self, answer: &Answer) {
        let https = self.server.issuer().starts_with("https://");
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("ASCII");
            let (pair, attributes) = cookie.split_once("; ").unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            let has = |attribute: &str| attributes.split("; ").any(|a| a == attribute);
            // RFC 6265bis §4.1.3.2
            let prefixed = has("Secure") && has("Path=/") && !attributes.contains("Domain=");
            assert!(!name.starts_with("__Host-") || prefixed, "{cookie}");
            assert!(https || !has("Secure"), "{cookie}");
            if has("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn page(url: &str, answer: Answer) -> Page {
    let url = Url::parse(url).expect("a URL");
    Page { url, answer }
}
