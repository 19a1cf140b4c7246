//! The files that a document names must exist.

use std::path::{Component, Path, PathBuf};

use super::{Finding, files::File};

/// The documents at the root that describe the current tree; the changelog describes the past too.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
];

const EXTENSIONS: &[&str] = &[
    "rs", "md", "toml", "html", "css", "sql", "sh", "service", "png", "svg",
];

/// `exists` takes paths relative to the folder of the workspace.
pub(super) fn check(file: &File, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let documented = file.path.starts_with("docs/") && file.path.ends_with(".md");
    if !documented && !DOCUMENTS.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    let mut fenced = false;
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let linked = links(line).filter(|path| !exists(&join(folder, path)));
        let named = spans(line)
            .filter(|text| looks_like_a_path(text, &exists) && !found(folder, text, &exists));
        findings.extend(linked.chain(named).map(|path| {
            let place = format!("{}:{}", file.path, index + 1);
            Finding::new(
                place,
                format!("names {path}, which doesn't exist"),
                "correct the name",
            )
        }));
    }
    findings
}

/// The targets of links within the repository.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let targets = targets.map(|target| target.split('#').next().unwrap_or_default());
    targets.filter(|target| !target.is_empty() && !target.contains(':'))
}

/// The texts between backticks.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Whether it has a folder, and a file name or one of our folders at its beginning. `target` is made by a build.
fn looks_like_a_path(text: &str, exists: &impl Fn(&str) -> bool) -> bool {
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let Some((first, rest)) = text.split_once('/') else {
        return false;
    };
    let extension = text
        .rsplit_once('.')
        .is_some_and(|(_, e)| EXTENSIONS.contains(&e));
    plain
        && !first.is_empty()
        && first != "target"
        && (extension || !rest.is_empty() && exists(first) || text.ends_with('/') && exists(first))
}

/// Relative to the root, to the document, or to `crates/`: `server/error.rs`, `protocol/src/token/`.
fn found(folder: &str, text: &str, exists: &impl Fn(&str) -> bool) -> bool {
    let inside = text
        .split_once('/')
        .map(|(krate, rest)| format!("crates/{krate}/src/{rest}"));
    let ways = [
        Some(text.to_owned()),
        Some(join(folder, text)),
        Some(format!("crates/{text}")),
        inside,
    ];
    ways.into_iter()
        .flatten()
        .any(|path| exists(path.trim_end_matches('/')))
}

/// A path from the root; `..` is resolved.
pub(super) fn join(folder: &str, path: &str) -> String {
    let mut joined = PathBuf::new();
    for part in Path::new(folder).join(path).components() {
        match part {
            Component::ParentDir => drop(joined.pop()),
            Component::Normal(name) => joined.push(name),
            _ => {}
        }
    }
    joined.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(path: &str, text: &str) -> Vec<String> {
        let tree = [
            "crates",
            "crates/server",
            "crates/server/src/error.rs",
            "docs",
            "docs/a.md",
            "README.md",
        ];
        let findings = check(&File::new(path, text), |path| tree.contains(&path));
        findings.into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn a_file_that_is_gone_is_found() {
        assert_eq!(
            missing("README.md", "`crates/server/src/gone.rs`"),
            ["names crates/server/src/gone.rs, which doesn't exist"]
        );
        assert_eq!(missing("README.md", "see [it](docs/b.md#part)").len(), 1);
        assert_eq!(
            missing("docs/a.md", "[up](../README.md) [down](b.md)"),
            ["names b.md, which doesn't exist"]
        );
        assert_eq!(missing("README.md", "in `crates/gateway`").len(), 1);
    }

    #[test]
    fn what_exists_or_is_no_path_is_not() {
        for text in [
            "`crates/server/src/error.rs`, `server/error.rs`, `crates/server/`",
            "[a](https://example.com/b.md) [c](#d) [e](docs/a.md)",
            "`POST /token`, `application/json`, `error.rs`, `target/a.rs`, `docs/decisions/NNNN-*.md`, `crates/<name>/src/x.rs`",
            "```\ncat `crates/x/y.rs`\n```",
        ] {
            assert_eq!(missing("README.md", text), [""; 0]);
        }
    }

    #[test]
    fn only_documents_are_read() {
        assert_eq!(missing("CHANGELOG.md", "`crates/old/src/x.rs`"), [""; 0]);
    }
}
