//! All samples in all languages.

use std::{collections::BTreeMap, fs, path::Path};

use cardea_protocol::language::Lang;

use super::{super::Shell, html::Document, samples};
use crate::i18n::{Key, english_left_in, t};

/// What differs between the documents of two languages is text: the elements and what programs read are the same.
fn without_texts(document: &Document<'_>) -> Vec<(String, Vec<(String, String)>)> {
    const TEXTS: [&str; 5] = ["title", "aria-label", "lang", "data-shown", "alt"];
    let elements = document.elements().map(|element| {
        let attributes = element.attributes.iter();
        let read = attributes.filter(|(name, _)| !TEXTS.contains(&name.as_str()));
        (element.name.clone(), read.cloned().collect())
    });
    // Names stand in another order in some languages.
    let elements = elements.filter(|(name, _): &(String, _)| name != "bdi");
    elements.collect()
}

#[test]
fn every_page_is_the_same_document_in_every_language() {
    let english: BTreeMap<_, _> = samples().into_iter().map(|s| (s.name, s.html)).collect();
    for lang in Lang::ALL {
        for sample in Shell::samples_in(lang, samples) {
            let name = format!("{lang}: {}", sample.name);
            let document = Document::parse(&name, &sample.html);
            assert_eq!(
                document.only("html").attribute("lang"),
                Some(lang.as_str()),
                "{name}"
            );
            let original = Document::parse(&name, &english[sample.name]);
            let (found, expected) = (without_texts(&document), without_texts(&original));
            assert_eq!(found, expected, "{name}");
        }
    }
}

#[test]
fn no_english_is_left_on_a_page_in_another_language() {
    for lang in Lang::ALL.into_iter().filter(|lang| *lang != Lang::En) {
        for sample in Shell::samples_in(lang, samples) {
            let left = english_left_in(lang, &visible(&sample.html));
            assert!(left.is_empty(), "{lang}: {}: {left:?}", sample.name);
        }
    }
}

/// What a user sees or hears of a page: the text between tags and the attributes that are read out.
fn visible(html: &str) -> Vec<String> {
    // Each language is chosen by its own name.
    let html = html.replace(">English</option>", "></option>");
    let document = Document::parse("", &html);
    let spoken = ["title", "aria-label", "data-shown", "alt"];
    let mut texts = Vec::new();
    for element in document.elements() {
        if !matches!(element.name.as_str(), "html" | "head" | "body" | "script") {
            texts.push(element.text().to_owned());
        }
        texts.extend(
            spoken
                .iter()
                .filter_map(|name| element.attribute(name).map(str::to_owned)),
        );
    }
    texts
}

/// Every text of a template is a text of `locales/`: between the tags nothing is left when what askama writes is taken out.
#[test]
fn no_template_has_a_text_of_its_own() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "html") {
                let source = fs::read_to_string(&path).unwrap();
                let left = texts_of(&source);
                assert!(left.is_empty(), "{}: {left:?}", path.display());
            }
        }
    }
}

/// The words of a template between its tags, and in attributes that are read out.
fn texts_of(source: &str) -> Vec<String> {
    let mut html = source.to_owned();
    // These two blocks are attributes of the layout.
    for (open, close) in [
        ("{% block shape %}", "{% endblock %}"),
        ("{% block main_class %}", "{% endblock %}"),
        ("{#", "#}"),
        ("{%", "%}"),
        ("{{", "}}"),
    ] {
        while let Some((before, rest)) = html.split_once(open) {
            let (_, after) = rest.split_once(close).unwrap();
            html = format!("{before}{after}");
        }
    }
    let mut texts = Vec::new();
    for part in html.split('<') {
        let (tag, text) = part.rsplit_once('>').unwrap_or(("", part));
        for attribute in [" aria-label=\"", " title=\"", " alt=\"", " placeholder=\""] {
            let value = tag
                .split_once(attribute)
                .and_then(|(_, v)| v.split_once('"'));
            texts.extend(value.map(|(value, _)| value.to_owned()));
        }
        texts.push(text.to_owned());
    }
    texts.retain(|text| text.chars().any(char::is_alphabetic));
    texts
}

#[test]
fn a_text_in_a_template_is_found() {
    let hidden = "<p class=\"a\">{% if x > 1 %}{{ shell.t(\"a-b\") }}{% endif %}</p>";
    assert!(texts_of(hidden).is_empty());
    for shown in [
        "<p>Hello</p>",
        "<a aria-label=\"Hello\"></a>",
        "{{ x }} of {{ y }}",
    ] {
        assert_eq!(texts_of(shown).len(), 1, "{shown}");
    }
}

#[test]
fn english_on_a_page_is_found() {
    let found = |text: &str| english_left_in(Lang::De, &[text.to_owned()]).len();
    assert_eq!(found("Passwort"), 0);
    assert_eq!(found("Password"), 1);
    let english = t(Lang::En, Key("error-reference"));
    assert_eq!(found(&format!("- {english} -")), 1);
}
