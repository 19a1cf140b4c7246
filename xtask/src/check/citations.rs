//! Citations in comments and documents must resolve: a decision of `docs/design.md`, a row of `docs/requirements.md`, a page of
//! `docs/decisions/`, a document of the repository.

use std::collections::BTreeSet;

use super::{Finding, files::File};

const DESIGN: &str = "docs/design.md";
const REQUIREMENTS: &str = "docs/requirements.md";
const DECISIONS: &str = "docs/decisions/";

/// The targets of citations.
#[derive(Debug, Default)]
pub(super) struct Citable {
    /// `D7`: a heading of the design.
    decisions: BTreeSet<String>,
    /// `5` of `design §5`: a numbered section of the design.
    sections: BTreeSet<String>,
    /// `1.14`: a row of the requirements.
    requirements: BTreeSet<String>,
    /// `10` of `decision 10`: a page of `docs/decisions/`.
    pages: BTreeSet<String>,
    /// The paths of all documents.
    documents: BTreeSet<String>,
}

impl Citable {
    pub(super) fn read(files: &[File]) -> Self {
        let mut citable = Self::default();
        for file in files {
            let headings = file.text.lines().filter(|line| line.starts_with('#'));
            if file.path == DESIGN {
                let first = |line: &str, level: &str| {
                    let text = line.strip_prefix(level)?;
                    text.split_whitespace().next().map(str::to_owned)
                };
                for line in headings {
                    citable.decisions.extend(first(line, "### "));
                    let section = first(line, "## ");
                    citable.sections.extend(section.map(|s| s.replace('.', "")));
                }
            } else if file.path == REQUIREMENTS {
                let rows = file.text.lines().filter_map(|line| line.strip_prefix("| "));
                let numbers = rows.filter_map(|row| row.split_whitespace().next());
                citable.requirements.extend(numbers.map(str::to_owned));
            } else if let Some(name) = file.path.strip_prefix(DECISIONS) {
                let number = name.split('-').next().unwrap_or_default();
                let number = number.trim_start_matches('0');
                citable.pages.insert(number.to_owned());
            }
            if file.path.ends_with(".md") {
                citable.documents.insert(file.path.clone());
            }
        }
        citable
    }

    /// Whether this document is one of the repository, by its path or by its name.
    fn has_document(&self, path: &str) -> bool {
        let path = path.trim_start_matches("../").trim_start_matches("./");
        let ending = format!("/{path}");
        let mut known = self.documents.iter();
        known.any(|document| document == path || document.ends_with(&ending))
    }
}

pub(super) fn check(file: &File, citable: &Citable) -> Vec<Finding> {
    let Some(comment) = Comments::of(&file.path) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let Some(text) = comment.on(line) else {
            continue;
        };
        findings.extend(dead(text, citable).map(|(cited, cure)| {
            let place = format!("{}:{}", file.path, index + 1);
            Finding::new(place, format!("cites {cited}, which does not exist"), cure)
        }));
    }
    findings
}

/// The parts of a file of this kind that are text for a reader.
enum Comments {
    Everywhere,
    Behind(&'static [&'static str]),
}

impl Comments {
    fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name
            .rsplit_once('.')
            .map_or(name, |(_, extension)| extension)
        {
            // The changelog describes the past.
            "md" if name != "CHANGELOG.md" => Some(Self::Everywhere),
            "rs" | "js" => Some(Self::Behind(&["//"])),
            "toml" | "sh" | "yml" | "conf" | "Containerfile" | "Caddyfile" | "service" => {
                Some(Self::Behind(&["#"]))
            }
            "sql" => Some(Self::Behind(&["--"])),
            "css" | "html" => Some(Self::Behind(&["/*", "{#", "<!--"])),
            _ => None,
        }
    }

    fn on<'a>(&self, line: &'a str) -> Option<&'a str> {
        match self {
            Self::Everywhere => Some(line),
            Self::Behind(marks) => {
                // `//` is in URLs and in literals too: a comment begins its line, or follows a space.
                let at = |mark: &&str| {
                    let mut places = line.match_indices(*mark).map(|(at, _)| at);
                    places.find(|at| line.get(..*at).is_some_and(is_open))
                };
                line.get(marks.iter().filter_map(at).min()?..)
            }
        }
    }
}

/// Whether a comment may follow this beginning of a line.
fn is_open(before: &str) -> bool {
    before.is_empty() || before.ends_with(char::is_whitespace)
}

/// The unresolved citations of one line, each with its remedy.
fn dead<'a>(
    text: &'a str,
    citable: &'a Citable,
) -> impl Iterator<Item = (String, &'static str)> + 'a {
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || "._-/§".contains(c)))
        .map(|word| word.trim_matches(['.', '-', '/']))
        .filter(|word| !word.is_empty())
        .collect();
    let before = std::iter::once("").chain(words.clone());
    let pairs: Vec<(&str, &str)> = before.zip(words).collect();
    pairs.into_iter().filter_map(|(before, word)| {
        let numbered = word.starts_with(|c: char| c.is_ascii_digit());
        match before.to_ascii_lowercase().as_str() {
            "requirement" if numbered => (!citable.requirements.contains(word))
                .then(|| (format!("requirement {word}"), "see docs/requirements.md")),
            "decision" if numbered => (!citable.pages.contains(word))
                .then(|| (format!("decision {word}"), "see docs/decisions")),
            "design" if word.starts_with('§') => {
                let section = word.trim_start_matches('§');
                (!citable.sections.contains(section))
                    .then(|| (format!("design {word}"), "see docs/design.md"))
            }
            _ if is_decision(word) => (!citable.decisions.contains(word))
                .then(|| (format!("decision {word}"), "see docs/design.md")),
            _ if is_document(word) => (!citable.has_document(word)).then(|| {
                (
                    word.to_owned(),
                    "name a document of the repository, or write its content here",
                )
            }),
            _ => None,
        }
    })
}

/// `D7`.
fn is_decision(word: &str) -> bool {
    let number = word.strip_prefix('D').unwrap_or_default();
    (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
}

/// `docs/design.md`; not `.md`, not a pattern.
fn is_document(word: &str) -> bool {
    word.strip_suffix(".md")
        .is_some_and(|stem| !stem.is_empty() && !stem.contains("NNNN"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cited(path: &str, text: &str) -> Vec<String> {
        let files = [
            File::new("docs/design.md", "## 2. The store\n### D7 Nothing\n"),
            File::new("docs/requirements.md", "| # | what |\n| 1.14 | limits |\n"),
            File::new("docs/decisions/0004-a-refresh.md", "# 4. A refresh\n"),
        ];
        let findings = check(&File::new(path, text), &Citable::read(&files));
        findings.into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn what_can_be_opened_may_be_cited() {
        for text in [
            "// (D7, requirement 1.14)",
            "// design §2, decision 4, `docs/decisions/0004-a-refresh.md`, requirements.md",
            "let d = \"D9\";",
            "let url = \"https://example.com/D9\";",
            "// 3D9, D-Bus, DPoP, D999, Requirements 1.0, .md",
        ] {
            assert_eq!(cited("a.rs", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_citation_that_leads_nowhere_is_found() {
        for (path, text) in [
            ("a.rs", "/// The ticket (D8)."),
            ("a.rs", "let a = 1; // requirement 1.15"),
            ("a.md", "see decision 5"),
            ("a.toml", "# design §3"),
            ("a.sql", "a -- see plans.md"),
            ("a.html", "{# D70 #}"),
        ] {
            assert_eq!(cited(path, text).len(), 1, "{text}");
        }
    }

    #[test]
    fn the_changelog_may_speak_of_what_is_gone() {
        assert_eq!(cited("CHANGELOG.md", "old.md is gone (D8)"), [""; 0]);
    }
}
