//! A reader of HTML that is strict where browsers forgive: every tag is closed in order, every value quoted.

const VOID: [&str; 6] = ["meta", "link", "img", "input", "br", "source"];
const BLOCKS: [&str; 8] = ["p", "div", "ul", "form", "section", "h1", "h2", "dl"];

pub(super) struct Document<'a> {
    name: &'a str,
    elements: Vec<Element>,
}

#[derive(Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Element {
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl<'a> Document<'a> {
    pub(super) fn parse(name: &'a str, html: &str) -> Self {
        let mut rest = html.strip_prefix("<!doctype html>").unwrap();
        let mut elements: Vec<Element> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        while let Some((text, after)) = rest.split_once('<') {
            for index in &open {
                elements.get_mut(*index).unwrap().text.push_str(text);
            }
            let end = tag_end(after);
            let (tag, remaining) = after.split_at(end);
            rest = remaining.strip_prefix('>').unwrap();
            if let Some(closing) = tag.strip_prefix('/') {
                let opened = open
                    .pop()
                    .and_then(|index| elements.get(index))
                    .map(|e| e.name.as_str());
                assert_eq!(
                    opened,
                    Some(closing),
                    "{name}: </{closing}> closes what is open"
                );
                continue;
            }
            let element = element(name, tag);
            let inside = |outer: &str| open.iter().any(|i| elements.get(*i).unwrap().name == outer);
            assert!(
                !(inside("p") && BLOCKS.contains(&&*element.name)),
                "{name}: <{}> in <p>",
                element.name
            );
            assert!(
                !(inside("button") && BLOCKS.contains(&&*element.name)),
                "{name}: block in <button>"
            );
            assert!(
                !(inside("form") && element.name == "form"),
                "{name}: form in form"
            );
            if !VOID.contains(&element.name.as_str()) {
                open.push(elements.len());
            }
            elements.push(element);
        }
        assert!(open.is_empty(), "{name}: all tags are closed");
        assert!(rest.trim().is_empty(), "{name}: text after the end");
        Self { name, elements }
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.iter()
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.elements
            .iter()
            .filter(move |element| element.name == name)
    }

    pub(super) fn only(&self, name: &str) -> &Element {
        assert_eq!(
            self.all(name).count(),
            1,
            "{}: exactly one <{name}>",
            self.name
        );
        self.all(name).next().unwrap()
    }

    pub(super) fn text_of(&self, name: &str) -> &str {
        &self.only(name).text
    }

    pub(super) fn names(&self, element: &str) -> Vec<&str> {
        self.all(element)
            .filter_map(|e| e.attribute("name"))
            .collect()
    }

    pub(super) fn values(&self, element: &str) -> Vec<&str> {
        self.all(element)
            .filter_map(|e| e.attribute("value"))
            .collect()
    }

    pub(super) fn focused(&self) -> Option<&str> {
        self.elements()
            .find(|e| e.attribute("autofocus").is_some())
            .and_then(|e| e.attribute("name"))
    }

    pub(super) fn has_no_id_twice(&self) {
        let mut ids: Vec<&str> = self.elements().filter_map(|e| e.attribute("id")).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{}: an id twice", self.name);
    }
}

/// The first `>` outside of quotes.
fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    text.bytes()
        .position(|byte| {
            quoted ^= byte == b'"';
            byte == b'>' && !quoted
        })
        .unwrap()
}

fn element(document: &str, tag: &str) -> Element {
    let (name, mut rest) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
    assert!(
        name.bytes().all(|b| b.is_ascii_alphanumeric()) && !name.is_empty(),
        "{document}: <{tag}>"
    );
    let mut element = Element {
        name: name.to_owned(),
        ..Element::default()
    };
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return element;
        }
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        assert!(
            key == "viewBox"
                || key
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() && !b.is_ascii_uppercase() || b == b'-'),
            "{document}: <{tag}>"
        );
        let value = match after.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').unwrap();
                assert!(
                    after.is_empty() || after.starts_with(' '),
                    "{document}: <{tag}>"
                );
                rest = after;
                value
            }
            None => {
                assert!(
                    !after.starts_with('='),
                    "{document}: unquoted value in <{tag}>"
                );
                rest = after;
                ""
            }
        };
        element.attributes.push((key.to_owned(), value.to_owned()));
    }
}
