//! All samples in all languages.

use std::collections::BTreeMap;

use cardea_protocol::language::Lang;

use super::{super::Shell, html::Document, samples};
use crate::i18n::english_left_in;

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
    let document = Document::parse("", html);
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
