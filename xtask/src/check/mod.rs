//! `cargo xtask check`: the rules that neither the compiler nor clippy can enforce.
//!
//! Functions over 80 lines are clippy's (`too_many_lines`), with `#[expect(…, reason = "…")]` as the exception.

mod circles;
mod citations;
mod container;
mod files;
mod layers;
mod leaks;
mod lengths;
mod lockfile;
mod metadata;
mod paths;
mod reasons;
mod sleeps;
mod specifications;
mod sql;
mod style;
mod walls;

use std::fmt;

use anyhow::Result;

use crate::command::root;
pub(crate) use metadata::Metadata;

/// One broken rule: what is wrong, where, and what to do.
#[derive(Debug, PartialEq)]
struct Finding {
    place: String,
    what: String,
    cure: String,
}

impl Finding {
    fn new(place: impl Into<String>, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
            cure: cure.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.cure)
    }
}

/// Checks everything and prints the findings; true without findings. With `write`, generated pages are rewritten first.
pub(crate) fn run(write: bool) -> Result<bool> {
    let mut findings = lockfile::check();
    // Without a valid lock file there is no graph to check; the files are checked all the same.
    if findings.is_empty() {
        findings.extend(graph()?);
    }
    findings.extend(sources(write)?);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("check: no findings"),
        1 => println!("check: 1 finding"),
        many => println!("check: {many} findings"),
    }
    Ok(findings.is_empty())
}

fn graph() -> Result<Vec<Finding>> {
    let metadata = Metadata::read()?;
    let mut findings = layers::check(&metadata);
    findings.extend(walls::check(&metadata)?);
    Ok(findings)
}

fn sources(write: bool) -> Result<Vec<Finding>> {
    let files = files::tracked(root())?;
    let mut findings = Vec::new();
    findings.extend(specifications::check(root(), &files, write)?);
    findings.extend(container::check(&files)?);
    findings.extend(style::check(&files));
    findings.extend(circles::check(&files));
    findings.extend(sql::check(&files));
    let citable = citations::Citable::read(&files);
    for file in &files {
        findings.extend(citations::check(file, &citable));
        findings.extend(lengths::check(file));
        findings.extend(reasons::check(file));
        findings.extend(sleeps::check(file));
        findings.extend(leaks::check(file));
        findings.extend(paths::check(file, |path| root().join(path).exists()));
    }
    Ok(findings)
}
