//! The texts of all languages against each other, and against the templates and the code that use them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cardea_protocol::language::Lang;
use fluent_bundle::{FluentBundle, FluentResource};
use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser,
};

use super::{Key, Markup, files, t, t_with};

/// How a template or code names a text.
const USES: [&str; 3] = [".t(", ".t_with(", "Key("];
/// A call with something else than a literal: `shell.t(link.label)`. What it is given is a [`Key`], which is found where it is made.
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789-";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The texts of one language: by key the names of the arguments, and whether the text is longer than one line.
fn texts(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
    let mut texts = BTreeMap::new();
    for file in files(lang) {
        let file = parser::parse(*file).unwrap_or_else(|(_, errors)| panic!("{lang}: {errors:?}"));
        for entry in file.body {
            match entry {
                Entry::Message(message) => {
                    let key = message.id.name.to_owned();
                    let pattern = message
                        .value
                        .unwrap_or_else(|| panic!("{lang}: {key} is empty"));
                    assert!(
                        message.attributes.is_empty(),
                        "{lang}: {key} has attributes"
                    );
                    let mut arguments = BTreeSet::new();
                    read(&pattern, &mut arguments);
                    let before = texts.insert(key.clone(), arguments);
                    assert!(before.is_none(), "{lang}: {key} comes twice");
                }
                Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
                other => panic!("{lang}: {other:?}"),
            }
        }
    }
    texts
}

fn read(pattern: &Pattern<&str>, arguments: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => {
                let special = |c: char| ('\u{fdd0}'..='\u{fdef}').contains(&c) || c == '<';
                assert!(!value.contains(special), "{value}: texts have no markup");
            }
            PatternElement::Placeable { expression } => match expression {
                Expression::Inline(inline) => argument(inline, arguments),
                Expression::Select { selector, variants } => {
                    argument(selector, arguments);
                    for variant in variants {
                        read(&variant.value, arguments);
                    }
                }
            },
        }
    }
}

fn argument(expression: &InlineExpression<&str>, arguments: &mut BTreeSet<String>) {
    match expression {
        InlineExpression::VariableReference { id } => {
            arguments.insert(id.name.to_owned());
        }
        InlineExpression::StringLiteral { .. } => {}
        other => panic!("{other:?}: texts have variables, plurals and quoted characters only"),
    }
}

/// The keys that templates and code use, each with a file.
fn used() -> BTreeMap<String, PathBuf> {
    let mut used = BTreeMap::new();
    let mut folders = vec![folder("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs" || e == "html")
                && !path.ends_with("i18n/tests.rs")
            {
                let source = fs::read_to_string(&path).unwrap();
                for key in keys(&source) {
                    used.insert(key.to_owned(), path.clone());
                }
            }
        }
    }
    used
}

fn keys(source: &str) -> impl Iterator<Item = &str> {
    USES.iter().flat_map(move |call| {
        let calls = source.match_indices(call);
        calls.filter_map(move |(at, call)| {
            // rustfmt may break the line before a long key.
            let argument = source.get(at + call.len()..)?.trim_start();
            let (key, _) = argument.strip_prefix('"')?.split_once('"')?;
            key.chars().all(|c| KEY.contains(c)).then_some(key)
        })
    })
}

/// The words of a text that is not an argument, as one run.
fn runs(pattern: &Pattern<&str>, into: &mut Vec<String>) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => into.push(value.trim().to_owned()),
            PatternElement::Placeable {
                expression: Expression::Select { variants, .. },
            } => variants.iter().for_each(|v| runs(&v.value, into)),
            PatternElement::Placeable { .. } => {}
        }
    }
}

fn runs_of(lang: Lang) -> BTreeSet<String> {
    let mut all = Vec::new();
    for file in files(lang) {
        for entry in parser::parse(*file).unwrap().body {
            if let Entry::Message(message) = entry {
                runs(&message.value.unwrap(), &mut all);
            }
        }
    }
    all.into_iter()
        .filter(|run| run.chars().any(char::is_alphabetic))
        .collect()
}

/// The English texts, or parts of one between its arguments, that stand whole in what is shown in another language.
pub(crate) fn english_left_in(lang: Lang, shown: &[String]) -> BTreeSet<String> {
    let english = runs_of(Lang::En);
    let own = runs_of(lang);
    let mut left = BTreeSet::new();
    for text in shown {
        for run in english.difference(&own) {
            // Whole words: "in" is not in "Anmelden in", which has its own "in".
            let padded = format!(
                " {} ",
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            );
            if padded.contains(&format!(" {run} ")) {
                left.insert(run.clone());
            }
        }
    }
    left
}

#[test]
fn every_file_can_be_parsed_and_is_compiled_in() {
    let names = |lang: Lang| {
        let folder = folder("locales").join(lang.as_str());
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
        names.collect::<BTreeSet<_>>()
    };
    for lang in Lang::ALL {
        assert_eq!(names(lang), names(Lang::En), "{lang}: the same files");
        assert_eq!(names(lang).len(), files(lang).len(), "{lang}: macro files!");
        let mut bundle = FluentBundle::new(Vec::new());
        for file in files(lang) {
            let file = FluentResource::try_new((*file).to_owned());
            bundle.add_resource(file.unwrap()).unwrap();
        }
    }
    let languages = fs::read_dir(folder("locales")).unwrap().count();
    assert_eq!(languages, Lang::ALL.len());
}

#[test]
fn every_text_that_is_used_exists_in_every_language_with_the_same_arguments() {
    let english = texts(Lang::En);
    for (key, place) in used() {
        assert!(english.contains_key(&key), "{key} in {}", place.display());
    }
    for lang in Lang::ALL {
        let texts = texts(lang);
        for (key, arguments) in &english {
            assert_eq!(texts.get(key), Some(arguments), "{lang}: {key}");
        }
        for key in texts.keys() {
            assert!(english.contains_key(key), "{lang}: {key} is not English");
        }
    }
}

#[test]
fn every_text_is_used() {
    let used = used();
    for key in texts(Lang::En).keys() {
        assert!(used.contains_key(key), "nothing uses {key}");
    }
}

/// `t` gives a text without taking memory. One of several lines, or with an argument, it can't give.
#[test]
fn a_text_without_arguments_is_one_line() {
    for lang in Lang::ALL {
        for (key, arguments) in texts(lang) {
            let text = t(lang, Key(String::leak(key.clone())));
            assert_eq!(text == key, !arguments.is_empty(), "{lang}: {key}");
        }
    }
}

#[test]
fn a_text_is_html_with_its_names_escaped_and_isolated() {
    let message = t_with(Lang::De, Key("login-heading-app")).name("app", "<b>\u{2069}&");
    assert_eq!(
        message.to_string(),
        "Bei <bdi>&#60;b&#62;\u{2069}&#38;</bdi> anmelden"
    );
    assert_eq!(message.plain(), "Bei \u{2068}<b>&\u{2069} anmelden");
}

#[test]
fn an_argument_can_be_neither_a_text_nor_another_argument() {
    let hostile = "{ $minutes } \u{fdd0}\u{fdd1} { login-title }";
    let message = t_with(Lang::En, Key("login-heading-app")).name("app", hostile);
    let expected = "Sign in to <bdi>{ $minutes } \u{fdd0}\u{fdd1} { login-title }</bdi>";
    assert_eq!(message.to_string(), expected);
}

#[test]
fn a_piece_of_markup_keeps_its_tags_and_escapes_its_text() {
    let time = Markup::new("<time datetime=\"2026\">", "<now>", "</time>");
    let message = t_with(Lang::Fr, Key("login-heading-app")).markup("app", time);
    let expected = "Se connecter à <time datetime=\"2026\">&#60;now&#62;</time>";
    assert_eq!(message.to_string(), expected);
    assert_eq!(message.plain(), "Se connecter à <now>");
}

#[test]
fn a_number_chooses_the_plural_of_the_language() {
    let wait = |lang, minutes: u64| {
        t_with(lang, Key("login-too-many"))
            .count("minutes", minutes)
            .plain()
    };
    assert!(wait(Lang::De, 1).contains("eine Minute"));
    assert!(wait(Lang::De, 0).contains("0 Minuten"));
    assert!(wait(Lang::De, 15).contains("15 Minuten"));
    // French counts zero among the singulars.
    assert!(wait(Lang::Fr, 0).contains("une minute"));
}
