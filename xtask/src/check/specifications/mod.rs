//! The table "section of a specification → code → test", made from the citations in comments.

mod citation;
mod page;
mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, Result};

use self::{
    citation::Citation,
    source::{Source, Test},
};
use super::{Finding, files::File};

const PAGE: &str = "docs/reference/specifications.md";

/// The code and the tests of one section.
#[derive(Debug, Default)]
struct Section {
    /// Files, and the items in them; none for a file that cites it at its head.
    code: BTreeMap<String, BTreeSet<String>>,
    /// Tests that cite it, or that name an item of their module: name and file.
    tests: BTreeSet<(String, String)>,
    /// The number of tests in the test modules of the code.
    beside: BTreeMap<String, usize>,
}

/// Compares the page with the code; with `write`, writes it first.
pub(super) fn check(root: &Path, files: &[File], write: bool) -> Result<Option<Finding>> {
    let fresh = page::render(&sections(files));
    let path = root.join(PAGE);
    if write {
        std::fs::write(&path, &fresh).with_context(|| format!("cannot write {PAGE}"))?;
    }
    let stale = std::fs::read_to_string(&path).unwrap_or_default() != fresh;
    let finding = || {
        Finding::new(
            PAGE,
            "differs from the citations in the code",
            "`cargo xtask check --write`",
        )
    };
    Ok(stale.then(finding))
}

fn sections(files: &[File]) -> BTreeMap<Citation, Section> {
    let rust = files.iter().filter(|f| {
        f.is_rust() && f.path.starts_with("crates/") && !f.path.starts_with("crates/testkit/")
    });
    let read = rust.map(|f| (f.path.as_str(), Source::split(&f.path, &f.text)));
    let mut code = Vec::new();
    let mut tests = BTreeMap::new();
    for (path, (of_code, of_tests)) in read {
        code.push((path, of_code));
        tests.insert(path, of_tests);
    }
    let mut sections = BTreeMap::<Citation, Section>::new();
    for (path, source) in &tests {
        for place in &source.places {
            let section = sections.entry(place.citation.clone()).or_default();
            let covering = covering(&source.tests, place.item.as_deref());
            section
                .tests
                .extend(covering.map(|test| (test.name.clone(), (*path).to_owned())));
        }
    }
    for (path, source) in &code {
        let beside = beside(path, &tests);
        for place in &source.places {
            let section = sections.entry(place.citation.clone()).or_default();
            let items = section.code.entry((*path).to_owned()).or_default();
            items.extend(place.item.clone());
            for (path, tests) in &beside {
                section.beside.insert((*path).to_owned(), tests.len());
                let named = tests.iter().filter(|t| {
                    place
                        .item
                        .as_deref()
                        .is_some_and(|item| t.names(leaf(item)))
                });
                section
                    .tests
                    .extend(named.map(|test| (test.name.clone(), (*path).to_owned())));
            }
        }
    }
    sections.retain(|_, section| !section.code.is_empty() || !section.tests.is_empty());
    sections
}

/// The tests that a citation in a test file applies to: its test, those that use its item, or all.
fn covering<'a>(tests: &'a [Test], item: Option<&'a str>) -> impl Iterator<Item = &'a Test> {
    tests
        .iter()
        .filter(move |test| item.is_none_or(|item| test.name == item || test.names(leaf(item))))
}

fn leaf(item: &str) -> &str {
    item.rsplit("::").next().unwrap_or(item)
}

/// The test modules of a file of code; those of the parent module when it has none.
fn beside<'a>(path: &str, tests: &'a BTreeMap<&str, Source>) -> Vec<(&'a str, &'a [Test])> {
    let Some((krate, module)) = path.split_once("/src/").map(|(k, rest)| (k, module(rest))) else {
        return Vec::new();
    };
    let of = |module: &str| -> Vec<(&'a str, &'a [Test])> {
        let holding = tests.iter().filter(|(_, source)| !source.tests.is_empty());
        let own = holding.filter(|(file, _)| **file == path || is_test_of(file, krate, module));
        own.map(|(file, source)| (*file, source.tests.as_slice()))
            .collect()
    };
    let own = of(module);
    match module.rsplit_once('/') {
        Some((above, _)) if own.is_empty() => of(above),
        _ => own,
    }
}

/// `a/b.rs` and `a/b/mod.rs` are the module `a/b`.
fn module(path: &str) -> &str {
    let path = path.trim_end_matches(".rs");
    path.strip_suffix("/mod").unwrap_or(path)
}

fn is_test_of(file: &str, krate: &str, of: &str) -> bool {
    let inside = file.strip_prefix(krate);
    if let Some(file) = inside.and_then(|f| f.strip_prefix("/src/")) {
        let below = file.strip_prefix(of);
        return below.is_some_and(|rest| {
            rest == "/tests.rs"
                || rest.starts_with("/tests/")
                || rest.starts_with('_') && !rest.contains('/') && rest.ends_with("tests.rs")
        });
    }
    // Tests of whole requests mirror the folders of the code.
    let whole = inside
        .and_then(|f| f.strip_prefix("/tests/"))
        .and_then(|f| f.split_once('/'));
    whole.is_some_and(|(_, rest)| module(rest) == of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(files: &[(&str, &str)]) -> Section {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| File::new(path, text))
            .collect();
        let mut sections = sections(&files);
        assert_eq!(sections.len(), 1);
        sections.pop_first().unwrap().1
    }

    const CODE: &str = "/// RFC 7636 §4.6\npub fn verify() {}\n";

    #[test]
    fn a_test_that_cites_the_section_covers_it_wherever_it_stands() {
        let test = "// RFC 7636 §4.6\n#[test]\nfn it_holds() {\n}\n";
        let found = one(&[
            ("crates/a/src/pkce.rs", CODE),
            ("crates/b/tests/it/x.rs", test),
        ]);
        assert_eq!(found.tests.len(), 1);
        assert_eq!(found.beside.len(), 0);
    }

    #[test]
    fn a_test_beside_the_code_covers_it_when_it_names_the_item() {
        let test = "#[test]\nfn it_holds() {\n    verify();\n}\n#[test]\nfn other() {\n}\n";
        let found = one(&[
            ("crates/a/src/pkce.rs", CODE),
            ("crates/a/src/pkce_tests.rs", test),
        ]);
        assert_eq!(found.tests.first().unwrap().0, "it_holds");
        assert_eq!(found.beside.values().sum::<usize>(), 2);
    }

    #[test]
    fn a_test_of_another_module_does_not() {
        let test = "#[test]\nfn it_holds() {\n    verify();\n}\n";
        let found = one(&[
            ("crates/a/src/pkce.rs", CODE),
            ("crates/a/src/scope_tests.rs", test),
        ]);
        assert!(found.tests.is_empty() && found.beside.is_empty());
    }

    #[test]
    fn the_tests_of_a_module_are_found_by_its_name() {
        let of = |file| is_test_of(file, "crates/a", "token/mint");
        assert!(of("crates/a/src/token/mint_tests.rs") && of("crates/a/src/token/mint/tests/x.rs"));
        assert!(of("crates/a/tests/it/token/mint.rs") && !of("crates/b/src/token/mint_tests.rs"));
        assert!(!of("crates/a/src/token/minter.rs") && !of("crates/a/tests/it/mint.rs"));
    }
}
