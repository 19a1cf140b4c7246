//! The house style that rustfmt does not know: imports, modules, unit tests, parameters. CONTRIBUTING.md describes it.

use std::collections::BTreeSet;

use super::{Finding, files::File};

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let rust: Vec<&File> = files.iter().filter(|file| file.is_rust()).collect();
    let folders: BTreeSet<&str> = rust
        .iter()
        .filter_map(|file| Some(file.path.rsplit_once('/')?.0))
        .collect();
    let mut findings = Vec::new();
    for file in rust {
        let folder = file.path.strip_suffix(".rs").unwrap_or_default();
        if folders.contains(folder) {
            findings.push(Finding::new(
                &file.path,
                "is beside a folder of the same name",
                "move it into the folder as mod.rs",
            ));
        }
        findings.extend(imports(file));
        findings.extend(tests_last(file));
        findings.extend(tuples(file));
    }
    findings
}

/// The source of an import, in the order of the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Std,
    Others,
    Ours,
}

impl Origin {
    fn of(root: &str) -> Self {
        match root {
            "std" | "core" | "alloc" => Self::Std,
            "crate" | "self" | "super" => Self::Ours,
            _ => Self::Others,
        }
    }
}

/// Three groups, and one `use` for each root.
fn imports(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |line: usize, what: &str, cure| {
        findings.push(Finding::new(format!("{}:{line}", file.path), what, cure));
    };
    let (mut last, mut seen) = (None, BTreeSet::new());
    let mut previous = "";
    for (index, line) in file.text.lines().enumerate() {
        let conditional = previous.starts_with("#[");
        if let Some(root) = root(line).filter(|_| !conditional) {
            let origin = Origin::of(root);
            if last.is_some_and(|last| last > origin) {
                find(index + 1, "imports out of order", "std, other crates, ours");
            } else if last.is_some_and(|last| last != origin) && !previous.is_empty() {
                find(index + 1, "begins a group", "add a blank line before it");
            }
            if !seen.insert(root) {
                find(
                    index + 1,
                    "imports from a root a second time",
                    "one `use` for each root",
                );
            }
            last = Some(origin);
        }
        previous = line;
    }
    findings
}

/// `std` of `use std::fmt;` at the left edge.
fn root(line: &str) -> Option<&str> {
    let path = line.strip_prefix("use ")?;
    path.split([':', ';', ' ']).next()
}

/// The module `tests` is at the end of its file.
fn tests_last(file: &File) -> Option<Finding> {
    let (before, _) = file.text.split_once("\nmod tests {\n")?;
    let (_, after) = file.text.split_once("\nmod tests {\n")?;
    let (tests, rest) = after.split_once("\n}\n")?;
    // A literal of several lines may have a brace at the left edge.
    let in_text = tests.contains("= \"\\\n");
    (!in_text && !rest.trim().is_empty()).then(|| {
        let line = before.lines().count() + 1;
        Finding::new(
            format!("{}:{line}", file.path),
            "has code after its tests",
            "put `mod tests` at the end",
        )
    })
}

/// As `too-many-arguments-threshold` in clippy.toml.
const MOST: usize = 5;

/// No tuple hides a sixth parameter.
fn tuples(file: &File) -> Vec<Finding> {
    let starts = file.text.match_indices("fn ").map(|(at, _)| at);
    let found = starts.filter(|at| {
        let text = file.text.get(*at..).unwrap_or_default();
        parameters(text).is_some_and(has_tuple)
    });
    found
        .map(|at| {
            let before = file.text.get(..at).unwrap_or_default();
            let line = before.lines().count().max(1);
            Finding::new(
                format!("{}:{line}", file.path),
                "has more than five parameters, some in a tuple",
                "make a struct",
            )
        })
        .collect()
}

/// The text between the parentheses of `fn name<T>(…)`; `None` when this is no signature.
fn parameters(text: &str) -> Option<&str> {
    let name = text.strip_prefix("fn ")?;
    let open = name.find(['(', '<', '\n', ';', '"'])?;
    let plain = |c: char| c.is_alphanumeric() || c == '_';
    if open == 0 || !name.get(..open)?.chars().all(plain) {
        return None;
    }
    let rest = name.get(open..)?;
    let begin = if rest.starts_with('<') {
        rest.find(">(")? + 1
    } else {
        0
    };
    let rest = rest.get(begin..)?.strip_prefix('(')?;
    let mut depth = 1;
    for (at, c) in rest.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return rest.get(..at);
        }
    }
    None
}

/// Whether there are more than five parameters when the parts of tuples are counted, and a tuple hides that from clippy.
fn has_tuple(parameters: &str) -> bool {
    let (mut depth, mut in_tuple, mut before) = (0_i32, false, ' ');
    let (mut count, mut tuples) = (1, 0);
    let parameters = parameters.trim_end().trim_end_matches(',');
    for c in parameters.chars().filter(|c| !c.is_whitespace()) {
        match c {
            '(' if depth == 0 && (before == ':' || before == '&') => {
                in_tuple = true;
                tuples += 1;
                depth += 1;
            }
            '(' | '<' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '>' if before != '-' => depth -= 1,
            ',' if depth == 0 => count += 1,
            ',' if depth == 1 && in_tuple => count += 1,
            _ => {}
        }
        if depth == 0 && c == ')' {
            in_tuple = false;
        }
        before = c;
    }
    tuples > 0 && count > MOST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let findings = check(&[File::new(path, text), File::new("b/mod.rs", "")]);
        findings.into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn the_house_style_passes() {
        let text = "//! A.\n\nmod c;\n\nuse std::{fmt, io};\n\nuse serde::Serialize;\nuse url::Url;\n\nuse crate::d;\nuse super::e;\n\n\
            fn a<T: Fn(u8) -> u8>(b: impl Fn((u8, u8)) -> u8, c: Vec<(u8, u8)>, d: fn(u8), (e, f): (u8, u8)) {}\n\n\
            #[cfg(test)]\nmod tests {\n    use std::io;\n    use std::fmt;\n}\n";
        assert_eq!(found("a.rs", text), [""; 0]);
    }

    #[test]
    fn each_rule_has_its_finding() {
        for (path, text, what) in [
            ("b.rs", "", "is beside a folder of the same name"),
            (
                "a.rs",
                "use std::fmt;\nuse std::io;\n",
                "imports from a root a second time",
            ),
            ("a.rs", "use std::fmt;\nuse url::Url;\n", "begins a group"),
            (
                "a.rs",
                "use url::Url;\n\nuse std::fmt;\n",
                "imports out of order",
            ),
            (
                "a.rs",
                "\nmod tests {\n    use a;\n}\n\nfn b() {}\n",
                "has code after its tests",
            ),
            (
                "a.rs",
                concat!(
                    "fn",
                    " a(b: u8, (c, d): (u8, u8), e: u8, (f, g): &(u8, u8)) {}\n"
                ),
                "has more than five parameters, some in a tuple",
            ),
            (
                "a.rs",
                concat!(
                    "fn",
                    " a<T>(\n    b: &(u8, T), c: u8, d: u8, e: u8, f: u8\n) {}\n"
                ),
                "has more than five parameters, some in a tuple",
            ),
        ] {
            assert_eq!(found(path, text), [what], "{text}");
        }
    }
}
