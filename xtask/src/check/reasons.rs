//! A lint that is switched off has a reason.
//!
//! Clippy requires the same (`allow_attributes_without_reason`), but only of the code that it compiles: not of code for other
//! platforms, nor of a feature that is off.

use super::{Finding, files::File};

pub(super) fn check(file: &File) -> Vec<Finding> {
    if !file.is_rust() {
        return Vec::new();
    }
    let without = attributes(&file.text).filter(|(_, text)| !has_reason(text));
    without
        .map(|(line, _)| {
            Finding::new(
                format!("{}:{line}", file.path),
                "switches a lint off without a reason",
                "add `reason = \"…\"`, or fix what the lint found",
            )
        })
        .collect()
}

/// The `allow` and `expect` attributes, each with the number of its line and its text.
fn attributes(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    text.split_inclusive('\n')
        .enumerate()
        .filter_map(move |(index, line)| {
            let start = offset + (line.len() - line.trim_start().len());
            offset += line.len();
            let rest = text.get(start..)?;
            let opened = ["#[allow(", "#![allow(", "#[expect(", "#![expect("]
                .iter()
                .any(|a| rest.starts_with(a));
            let end = rest.find(")]").unwrap_or(rest.len());
            opened.then_some((index + 1, rest.get(..end)?))
        })
}

fn has_reason(attribute: &str) -> bool {
    let said = attribute
        .split_once("reason")
        .and_then(|(_, after)| after.trim_start().strip_prefix('='));
    said.and_then(|text| text.trim_start().strip_prefix('"'))
        .is_some_and(|text| !text.starts_with('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_blamed(text: &str) -> Vec<String> {
        check(&File::new("a.rs", text))
            .into_iter()
            .map(|finding| finding.place)
            .collect()
    }

    #[test]
    fn a_bare_allow_is_blamed_on_its_line() {
        assert_eq!(
            lines_blamed("fn a() {}\n\n    #[allow(dead_code)]\nfn b() {}\n"),
            ["a.rs:3"]
        );
        assert_eq!(lines_blamed("#![expect(unused)]"), ["a.rs:1"]);
    }

    #[test]
    fn a_reason_stands_on_any_line_of_the_attribute() {
        assert!(lines_blamed("#[allow(dead_code, reason = \"tests\")]").is_empty());
        assert!(
            lines_blamed("#![allow(\n    dead_code,\n    reason = \"tests (of one kind)\"\n)]\n")
                .is_empty()
        );
    }

    #[test]
    fn an_empty_reason_is_none() {
        assert_eq!(
            lines_blamed("#[allow(dead_code, reason = \"\")]"),
            ["a.rs:1"]
        );
    }

    #[test]
    fn only_rust_is_read() {
        assert!(check(&File::new("a.md", "#[allow(dead_code)]")).is_empty());
    }
}
