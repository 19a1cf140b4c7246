//! A Rust file as lines: its citations with their items, and its tests.

use super::citation::{self, Citation};

/// A citation in code.
#[derive(Debug, PartialEq)]
pub(super) struct Place {
    pub(super) citation: Citation,
    /// The item below the comment, or around it; `None` when the comment is about the file.
    pub(super) item: Option<String>,
}

/// A test function with the comments above it.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) name: String,
    text: String,
}

impl Test {
    /// Whether the test contains the name as a word.
    pub(super) fn names(&self, item: &str) -> bool {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        self.text.match_indices(item).any(|(at, _)| {
            let before = self.text.get(..at).and_then(|t| t.chars().next_back());
            let after = self
                .text
                .get(at + item.len()..)
                .and_then(|t| t.chars().next());
            !before.is_some_and(word) && !after.is_some_and(word)
        })
    }
}

/// A Rust file, or the part of it that is code or tests.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) places: Vec<Place>,
    pub(super) tests: Vec<Test>,
}

impl Source {
    /// The code and the tests of a file.
    pub(super) fn split(path: &str, text: &str) -> (Self, Self) {
        let lines: Vec<&str> = text.lines().collect();
        let at = if is_test_file(path) {
            0
        } else {
            tests_begin(&lines)
        };
        let (code, tests) = lines.split_at(at);
        (Self::read(code), Self::read(tests))
    }

    fn read(lines: &[&str]) -> Self {
        let mut source = Self::default();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let end = at + lines.iter().skip(at).take_while(|l| is_comment(l)).count();
            if end > at {
                let comment = comment_text(lines.get(at..end).unwrap_or_default());
                let cited = citation::parse(&comment);
                let item = if cited.is_empty() || line.trim_start().starts_with("//!") {
                    None
                } else {
                    item(lines, end, indent(line))
                };
                let place = |citation| Place {
                    citation,
                    item: item.clone(),
                };
                source.places.extend(cited.into_iter().map(place));
            } else if is_test(line) {
                source.tests.extend(test(lines, at));
            }
            at = end.max(at + 1);
        }
        source
    }
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.contains("/src/contract/") || path.ends_with("tests.rs")
}

/// Our test modules are at the end of the file.
fn tests_begin(lines: &[&str]) -> usize {
    let cfg = |line: &&str| line.trim() == "#[cfg(test)]";
    let module = |at: usize| {
        let below = lines.iter().skip(at + 1).take(6);
        below
            .filter(|l| l.starts_with("mod "))
            .any(|l| l.ends_with('{'))
    };
    let found = lines
        .iter()
        .enumerate()
        .find(|(at, line)| cfg(line) && module(*at));
    found.map_or(lines.len(), |(at, _)| at)
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn comment_text(lines: &[&str]) -> String {
    let words = lines
        .iter()
        .map(|l| l.trim_start().trim_start_matches(['/', '!']).trim());
    words.collect::<Vec<_>>().join(" ")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The item below a comment, if one starts there, otherwise the one around it.
fn item(lines: &[&str], end: usize, comment_indent: usize) -> Option<String> {
    let doc = lines
        .get(end.checked_sub(1)?)?
        .trim_start()
        .starts_with("///");
    let (at, below) = lines
        .iter()
        .enumerate()
        .skip(end)
        .find(|(_, l)| !is_attribute(l))?;
    let (kind, name) = match declared(below) {
        Some(found) => found,
        None if doc => ("member", identifier(below.trim_start())?),
        None => {
            let (at, (_, name)) = around(lines, end, comment_indent, |_| true)?;
            return Some(outer(lines, at, name));
        }
    };
    Some(match kind {
        "impl" => name.to_owned(),
        // A field name without its type is too common a word to search for.
        "member" if name.starts_with(|c: char| c.is_lowercase()) => {
            outer(lines, at, name).replace("::", ".")
        }
        _ => outer(lines, at, name),
    })
}

/// With the name of the type that the item belongs to.
fn outer(lines: &[&str], at: usize, name: &str) -> String {
    let types = |kind: &str| ["impl", "trait", "enum", "struct"].contains(&kind);
    let depth = lines.get(at).map_or(0, |l| indent(l));
    match around(lines, at, depth, types) {
        Some((_, (_, outer))) => format!("{outer}::{name}"),
        None => name.to_owned(),
    }
}

type Declared<'a> = (&'static str, &'a str);

fn around<'a>(
    lines: &[&'a str],
    at: usize,
    depth: usize,
    wanted: impl Fn(&str) -> bool,
) -> Option<(usize, Declared<'a>)> {
    let above = lines.iter().enumerate().take(at).rev();
    let outside = above.filter(|(_, l)| !l.trim().is_empty() && indent(l) < depth);
    let mut items = outside.filter_map(|(at, l)| Some((at, declared(l)?)));
    items.find(|(_, (kind, _))| wanted(kind))
}

/// The kind and name of the item that starts at a line.
fn declared(line: &str) -> Option<Declared<'_>> {
    const KINDS: &[&str] = &[
        "fn", "struct", "enum", "trait", "impl", "static", "type", "const",
    ];
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        rest = after
            .split_once(") ")
            .filter(|_| after.starts_with('('))
            .map_or(after, |(_, r)| r)
            .trim_start();
    }
    for word in ["const fn", "async fn", "const async fn"] {
        if let Some(after) = rest.strip_prefix(word) {
            return Some(("fn", identifier(after.trim_start())?));
        }
    }
    KINDS.iter().find_map(|kind| {
        let after = rest
            .strip_prefix(kind)
            .filter(|a| a.starts_with([' ', '<']))?;
        let name = if *kind == "impl" {
            implementer(after)?
        } else {
            identifier(after.trim_start())?
        };
        Some((*kind, name))
    })
}

/// `impl<T> Trait for Type<T> {`: the type.
fn implementer(after: &str) -> Option<&str> {
    let generic = after.starts_with('<').then(|| after.find("> ")).flatten();
    let after = generic.map_or(after, |at| after.get(at + 2..).unwrap_or_default());
    let of = after.rsplit_once(" for ").map_or(after, |(_, of)| of);
    identifier(of.trim_start())
}

fn identifier(text: &str) -> Option<&str> {
    let text = text
        .trim_start_matches("pub(crate) ")
        .trim_start_matches("pub ");
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    text.get(..end).filter(|name| !name.is_empty())
}

fn is_attribute(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("#[") || line.starts_with("//") || line == ")]"
}

fn is_test(line: &str) -> bool {
    let line = line.trim();
    line == "#[test]" || line.starts_with("#[tokio::test")
}

/// The test below its attribute, with the comments above it.
fn test(lines: &[&str], attribute: usize) -> Option<Test> {
    let depth = indent(lines.get(attribute)?);
    let above = lines
        .iter()
        .take(attribute)
        .rev()
        .take_while(|l| is_attribute(l))
        .count();
    let length = lines
        .iter()
        .skip(attribute)
        .position(|l| indent(l) == depth && l.trim_start().starts_with('}'))?;
    let body = lines.get(attribute - above..=attribute + length)?;
    let (_, name) = body
        .iter()
        .find_map(|l| declared(l).filter(|(kind, _)| *kind == "fn"))?;
    Some(Test {
        name: name.to_owned(),
        text: body.join("\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
//! A page: RFC 9068 §4.

impl Display for Client {
    /// RFC 6749 §2.1
    #[must_use]
    pub const fn is_public(&self) -> bool {
        if self.x {
            // RFC 6749 §2.3: once
            return false;
        }
    }
}

pub enum Kind {
    /// RFC 7591 §2
    Web,
}

struct Claims {
    /// RFC 9068 §2.2
    pub roles: u8,
}

#[cfg(test)]
mod tests {
    // RFC 7636 §4
    #[test]
    fn a_client_is_public() {
        is_public();
    }
}
";

    #[test]
    fn a_citation_has_the_item_below_or_around_it() {
        let (code, _) = Source::split("a.rs", TEXT);
        let items: Vec<_> = code
            .places
            .iter()
            .map(|p| p.item.as_deref().unwrap_or(""))
            .collect();
        assert_eq!(
            items,
            [
                "",
                "Client::is_public",
                "Client::is_public",
                "Kind::Web",
                "Claims.roles"
            ]
        );
    }

    #[test]
    fn a_test_has_its_citations_and_the_names_in_it() {
        let (_, tests) = Source::split("a.rs", TEXT);
        assert_eq!(tests.tests[0].name, "a_client_is_public");
        assert!(tests.tests[0].names("is_public") && !tests.tests[0].names("public"));
        assert_eq!(tests.places[0].item.as_deref(), Some("a_client_is_public"));
    }

    #[test]
    fn a_file_of_tests_has_no_code() {
        let (code, tests) = Source::split("crates/a/tests/it/main.rs", TEXT);
        assert_eq!((code.places.len(), tests.places.len()), (0, 6));
    }
}
