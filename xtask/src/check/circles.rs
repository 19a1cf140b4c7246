//! The files of a crate import each other in one direction: no circle.
//!
//! Read from the text: an import is a path that leads to another file of the crate. `mod` itself is none, and the crate's root,
//! which only declares and re-exports, is left out. Tests at the end of a file are not read.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, files::File};

/// The folders without circles.
const FOLDERS: [&str; 1] = ["crates/server/src/"];

type Module = Vec<String>;

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    FOLDERS
        .iter()
        .flat_map(|folder| circles(folder, files))
        .collect()
}

fn circles(folder: &str, files: &[File]) -> Vec<Finding> {
    let modules: BTreeMap<Module, &File> = files
        .iter()
        .filter(|file| file.is_rust() && !file.path.contains("tests"))
        .filter_map(|file| Some((module(file.path.strip_prefix(folder)?)?, file)))
        .collect();
    let imports: BTreeMap<&Module, BTreeSet<Module>> = modules
        .iter()
        .map(|(module, file)| (module, imports(module, &file.text, &modules)))
        .collect();
    let mut reported = BTreeSet::new();
    let mut findings = Vec::new();
    for (module, file) in &modules {
        let Some(way) = way_back(module, &imports) else {
            continue;
        };
        if reported.contains(module) {
            continue;
        }
        reported.extend(way.iter().cloned());
        let names: Vec<String> = way.iter().map(|module| module.join("::")).collect();
        findings.push(Finding::new(
            &file.path,
            format!("is in a circle of imports: {}", names.join(" -> ")),
            "move the name that closes the circle to a separate file, below both",
        ));
    }
    findings
}

/// `a/mod.rs` and `a.rs` are the module `a`; the root has no name.
fn module(path: &str) -> Option<Module> {
    let path = path.strip_suffix(".rs")?;
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let root = path == "lib" || path == "main";
    (!root).then(|| path.split('/').map(str::to_owned).collect())
}

/// The shortest path from a module over its imports to itself.
fn way_back(from: &Module, imports: &BTreeMap<&Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut ways = vec![vec![from.clone()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last()?;
            for next in imports.get(last).into_iter().flatten() {
                let mut way = way.clone();
                way.push(next.clone());
                if next == from {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

fn imports(module: &Module, text: &str, modules: &BTreeMap<Module, &File>) -> BTreeSet<Module> {
    let tokens = tokens(text);
    let mut found = BTreeSet::new();
    let mut at = 0;
    while let Some(word) = tokens.get(at).map(String::as_str) {
        let next = tokens.get(at + 1).map_or("", String::as_str);
        if word == "mod" && next.ends_with("tests") {
            break;
        }
        let before = at
            .checked_sub(1)
            .and_then(|i| tokens.get(i))
            .map_or("", String::as_str);
        if word == "use" {
            let mut prefix = Vec::new();
            at = tree(&tokens, at + 1, &mut prefix, &mut |path| {
                found.extend(resolve(module, path, modules));
            });
            continue;
        }
        if next == "::" && is_name(word) && before != "::" && before != "." {
            let mut path = vec![word.to_owned()];
            while tokens.get(at + 1).is_some_and(|t| t == "::")
                && let Some(name) = tokens.get(at + 2).filter(|t| is_name(t))
            {
                path.push(name.clone());
                at += 2;
            }
            found.extend(resolve(module, &path, modules));
        }
        at += 1;
    }
    found.remove(module);
    found
}

/// Reads a use tree, calls back with each of its paths, and returns where it ends.
fn tree(
    tokens: &[String],
    mut at: usize,
    prefix: &mut Vec<String>,
    found: &mut impl FnMut(&[String]),
) -> usize {
    let depth = prefix.len();
    let mut whole = true;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "{" => {
                whole = false;
                at += 1;
                while tokens.get(at).is_some_and(|t| t != "}") {
                    at = tree(tokens, at, prefix, found);
                    if tokens.get(at).is_some_and(|t| t == ",") {
                        at += 1;
                    }
                }
            }
            "," | "}" | ";" => break,
            "as" => at += 1,
            name if is_name(name) => prefix.push(name.to_owned()),
            _ => {}
        }
        at += 1;
    }
    if whole {
        found(prefix);
    }
    prefix.truncate(depth);
    at
}

/// The file of the crate that a path leads to.
fn resolve(from: &Module, path: &[String], modules: &BTreeMap<Module, &File>) -> Option<Module> {
    let (first, mut rest) = path.split_first()?;
    let mut place = match first.as_str() {
        "crate" => Vec::new(),
        "self" => from.clone(),
        "super" => {
            let mut place = from.clone();
            place.pop();
            while rest.first().is_some_and(|name| name == "super") {
                place.pop();
                rest = rest.split_first()?.1;
            }
            place
        }
        // A child of this module.
        child => {
            let mut place = from.clone();
            place.push(child.to_owned());
            if !modules.contains_key(&place) {
                return None;
            }
            place
        }
    };
    for name in rest {
        place.push(name.clone());
        if !modules.contains_key(&place) {
            place.pop();
            break;
        }
    }
    modules.contains_key(&place).then_some(place)
}

fn is_name(token: &str) -> bool {
    token.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Names, `::` and single characters, without comments and literals.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            literal(rest)
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else if is_name(&first.to_string()) {
            let end = rest
                .find(|c: char| !is_name(&c.to_string()))
                .unwrap_or(rest.len());
            tokens.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("'\"'") {
            3
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    tokens
}

/// The length of a text literal.
fn literal(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File::new(&format!("crates/server/src/{path}"), text))
            .collect();
        check(&files).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn files_that_import_downwards_are_no_circle() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "use crate::b::{B, c::C};"),
            ("b/mod.rs", "pub mod c;"),
            (
                "b/c.rs",
                "// use crate::a::A;\nconst C: &str = \"crate::a::A\";",
            ),
        ];
        assert_eq!(found(&files), Vec::<String>::new());
    }

    #[test]
    fn a_circle_is_named_with_its_way() {
        let files = [
            ("a.rs", "use crate::{x::Y, b::{B, c::C as D}};"),
            ("b/mod.rs", "mod c;"),
            ("b/c.rs", "fn c() { crate::a::a() }"),
        ];
        assert_eq!(found(&files), ["is in a circle of imports: a -> b::c -> a"]);
    }

    #[test]
    fn a_parent_that_uses_its_child_and_is_used_by_it_is_a_circle() {
        let both = [
            ("b/mod.rs", "mod c; fn f() { c::g() }"),
            ("b/c.rs", "use super::f;"),
        ];
        assert_eq!(found(&both), ["is in a circle of imports: b -> b::c -> b"]);
        let only_declared = [("b/mod.rs", "mod c;"), ("b/c.rs", "use super::f;")];
        assert_eq!(found(&only_declared), Vec::<String>::new());
    }

    #[test]
    fn tests_may_look_anywhere() {
        let files = [
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "#[cfg(test)]\nmod tests { use crate::a::A; }"),
        ];
        assert_eq!(found(&files), Vec::<String>::new());
    }
}
