//! `deploy/Containerfile` must copy enough to build: the workspace resolves, and every file that a source includes is copied.

use std::path::Path;

use anyhow::Result;

use super::{Finding, files::File, paths::join};
use crate::command::{cargo, output};

const FILE: &str = "deploy/Containerfile";

pub(super) fn check(files: &[File]) -> Result<Vec<Finding>> {
    let Some(container) = files.iter().find(|file| file.path == FILE) else {
        return Ok(Vec::new());
    };
    let sources = copied(&container.text);
    let is_copied = |path: &str| {
        let mut sources = sources.iter();
        sources.any(|source| {
            path.strip_prefix(source)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let files: Vec<&File> = files.iter().filter(|file| is_copied(&file.path)).collect();
    let mut findings = Vec::new();
    if let Err(error) = resolve(&files) {
        let said = error.to_string();
        let what = format!("copies too little: {said}");
        findings.push(Finding::new(FILE, what, "add a COPY"));
    }
    for file in files.iter().filter(|file| is_compiled(&file.path)) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let missing = included(&file.text).map(|path| join(folder, path));
        findings.extend(missing.filter(|path| !is_copied(path)).map(|path| {
            let what = format!("does not copy {path}, which {} includes", file.path);
            Finding::new(FILE, what, "add a COPY")
        }));
    }
    Ok(findings)
}

/// The files that the stages copy from the folder of the workspace.
fn copied(text: &str) -> Vec<&str> {
    let copies = text.lines().filter_map(|line| line.strip_prefix("COPY "));
    copies
        .filter(|rest| !rest.starts_with("--from"))
        .flat_map(|rest| {
            let mut paths: Vec<&str> = rest.split_whitespace().collect();
            paths.pop();
            paths
        })
        .collect()
}

/// Tests are not compiled for the image.
fn is_compiled(path: &str) -> bool {
    path.ends_with(".rs")
        && path.contains("/src/")
        && !path.contains("/tests/")
        && !path.ends_with("tests.rs")
}

/// The files that this source includes, except for documentation tests.
fn included(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter(|line| !line.contains("#[doc"));
    let calls = lines.flat_map(|line| {
        ["include_str!(\"", "include_bytes!(\""]
            .into_iter()
            .filter_map(|call| Some(line.split_once(call)?.1))
    });
    calls.filter_map(|rest| rest.split('"').next())
}

/// Lets cargo resolve the workspace from these files only.
fn resolve(files: &[&File]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    for file in files {
        let path = folder.path().join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        std::fs::write(path, &file.text)?;
    }
    let mut metadata = cargo(["metadata", "--locked", "--format-version", "1"]);
    output(metadata.current_dir(folder.path())).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(container: &str) -> Vec<String> {
        let manifest = "[workspace]\nmembers = [\"a\"]\nresolver = \"3\"\n";
        let package = "[package]\nname = \"a\"\nedition = \"2024\"\n";
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.0.0\"\n";
        let files = [
            File::new(FILE, container),
            File::new("Cargo.toml", manifest),
            File::new("Cargo.lock", lock),
            File::new("a/Cargo.toml", package),
            File::new(
                "a/src/lib.rs",
                "const B: &str = include_str!(\"../../b.txt\");",
            ),
            File::new("b.txt", ""),
        ];
        let findings = check(&files).unwrap();
        findings.into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn n6_the_container_copies_what_the_build_needs() {
        assert_eq!(
            findings("COPY Cargo.toml Cargo.lock b.txt ./\nCOPY a a\n"),
            [""; 0]
        );
    }

    #[test]
    fn n6_a_member_that_is_not_copied_is_found() {
        let found = findings("COPY Cargo.toml Cargo.lock b.txt ./\n");
        assert!(found[0].contains("copies too little"), "{found:?}");
        let found = findings("COPY Cargo.toml ./\nCOPY a a\nCOPY b.txt b.txt\n");
        assert!(
            found[0].contains("Cargo.lock") || found[0].contains("lock file"),
            "{found:?}"
        );
    }

    #[test]
    fn n6_a_file_that_a_source_includes_is_copied_too() {
        let found = findings("COPY Cargo.toml Cargo.lock ./\nCOPY a a\n");
        assert_eq!(found, ["does not copy b.txt, which a/src/lib.rs includes"]);
    }
}
