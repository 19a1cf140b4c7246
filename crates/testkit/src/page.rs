use std::collections::BTreeMap;

use url::Url;

use crate::Answer;

/// What a browser shows, or the redirect at which it left the provider.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// The answer.
    pub answer: Answer,
}

/// A form of a page.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Where it is posted to.
    pub action: String,
    /// What a script is to ask a passkey with.
    pub options: Option<String>,
    /// Its fields with their values.
    pub fields: Vec<(String, String)>,
    /// Its buttons that have a name.
    pub buttons: Vec<(String, String)>,
}

impl Page {
    /// The path within the provider.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.status.as_u16()
    }

    /// The HTML.
    #[must_use]
    pub fn text(&self) -> &str {
        self.answer.text()
    }

    /// The text of the heading, without tags.
    #[must_use]
    pub fn heading(&self) -> String {
        let html = self.text();
        let (_, rest) = html.split_once("<h1>").expect("a heading");
        let (heading, _) = rest.split_once("</h1>").expect("its end");
        without_tags(heading)
    }

    /// The reference at the foot of an error page, in one piece.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        let (_, rest) = self.text().split_once("class=\"reference\">")?;
        let (code, _) = rest.split_once("</code>")?;
        Some(without_tags(code))
    }

    /// The only form of the page, beside those for a passkey and to go on without a second factor.
    #[must_use]
    pub fn form(&self) -> Form {
        let forms = self.forms().into_iter();
        let forms: Vec<_> = forms
            .filter(|form| form.options.is_none() && form.value("skip") != "on")
            .collect();
        assert_eq!(forms.len(), 1, "{} {}", self.url, self.text());
        forms.into_iter().next().expect("a form")
    }

    /// The first form that is sent to this path.
    #[must_use]
    pub fn form_to(&self, path: &str) -> Form {
        let mut forms = self.forms().into_iter();
        let form = forms.find(|form| form.action.ends_with(path));
        form.unwrap_or_else(|| panic!("no form to {path}: {} {}", self.url, self.text()))
    }

    /// All forms of the page.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        let mut forms: Vec<Form> = Vec::new();
        for tag in tags(self.text()) {
            let attributes = attributes(tag);
            let of = |name: &str| attributes.get(name).cloned().unwrap_or_default();
            match tag.split_whitespace().next() {
                Some("form") => {
                    assert_eq!(of("method"), "post", "{tag}");
                    forms.push(Form {
                        action: of("action"),
                        options: attributes.get("data-options").cloned(),
                        ..Form::default()
                    });
                }
                Some("input") => {
                    let form = forms.last_mut().expect("a form around it");
                    form.fields.push((of("name"), of("value")));
                }
                Some("button") if attributes.contains_key("name") => {
                    let form = forms.last_mut().expect("a form around it");
                    form.buttons.push((of("name"), of("value")));
                }
                _ => {}
            }
        }
        forms
    }

    /// The parameters with which the browser was sent to a client, when it was.
    #[must_use]
    pub fn to_client(&self) -> Option<(String, BTreeMap<String, String>)> {
        let location = self.answer.header("location")?;
        let (uri, query) = location.split_once('?').unwrap_or((location, ""));
        let pairs = form_urlencoded::parse(query.as_bytes());
        Some((uri.to_owned(), pairs.into_owned().collect()))
    }

    /// The parameters with which the browser was sent to a client.
    #[must_use]
    #[track_caller]
    pub fn callback(&self) -> BTreeMap<String, String> {
        let Some((_, parameters)) = self.to_client() else {
            panic!("still at {}: {} {}", self.url, self.status(), self.text());
        };
        parameters
    }

    /// Asserts that the client was told an error, with state and issuer.
    #[track_caller]
    pub fn client_is_told(&self, error: &str) {
        let told = self.callback();
        assert_eq!(self.status(), 303);
        assert_eq!(
            told.get("error").map(String::as_str),
            Some(error),
            "{told:?}"
        );
        assert_eq!(told.get("state").map(String::as_str), Some("the state"));
        assert_eq!(told.get("iss").map(String::as_str), Some(crate::ISSUER));
        assert!(told.contains_key("error_description") && !told.contains_key("code"));
    }

    /// Asserts that this is an error page of this status and heading, and that nobody was sent anywhere.
    #[track_caller]
    pub fn is_trouble(&self, status: u16, heading: &str) {
        assert_eq!(self.status(), status, "{} {}", self.url, self.text());
        assert_eq!(self.heading(), heading);
        assert_eq!(self.answer.header("location"), None);
        let id = self.answer.header("x-request-id").map(str::to_owned);
        assert_eq!(self.reference(), id);
    }
}

impl Form {
    /// The value of a field.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(field, _)| field == name);
        field.map_or("", |(_, value)| value)
    }

    /// The form with another value in a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(field, _)| field == name) {
            Some(field) => value.clone_into(&mut field.1),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The form without a field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }
}

fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag))
}

fn attributes(tag: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let name = before.rsplit(' ').next().unwrap_or_default();
        let Some((value, after)) = after.split_once('"') else {
            break;
        };
        attributes.insert(name.to_owned(), unescape(value));
        rest = after;
    }
    attributes
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    unescape(&text)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}
