//! `cargo xtask mutants sql`. All mutants are compiled at once, into a copy of the workspace: there each condition stands between
//! two SQL comments, and the one function that prepares statements turns the comments of the chosen condition into
//! `(TRUE OR (…))`. So the parameters stay, and a mutant costs a run of the tests, not a build.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

use super::{
    Selection,
    conditions::{self, Condition},
    copy::{Copy, files},
    suite::{Outcome, Suite},
};
use crate::command::{output, root};

/// The statements of the store.
const FOLDER: &str = "crates/store/src/sqlite";
/// The file that prepares them, and how.
const PREPARES: &str = "crates/store/src/sqlite/rows.rs";
const PREPARE: &str = ".prepare_cached(sql)";
/// Where survivors are explained.
const EXPLAINED: &str = "docs/mutants.md";
/// Opens and migrates the file; no verb.
const OPENS: &str = "crates/store/src/sqlite/open.rs";

/// Goes into the copy.
const ACTIVATE: &str = r#"
fn mutated(sql: &str) -> String {
    static CHOSEN: std::sync::OnceLock<Option<(String, String)>> = std::sync::OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let number = std::env::var("CARDEA_MUTANT").ok()?;
        Some((format!("/*{number}<*/"), format!("/*>{number}*/")))
    });
    match chosen {
        Some((open, close)) if sql.contains(open.as_str()) => {
            if let Some(seen) = std::env::var_os("CARDEA_MUTANT_SEEN") {
                let _ = std::fs::write(seen, "");
            }
            sql.replace(open.as_str(), "(TRUE OR (").replace(close.as_str(), "))")
        }
        _ => sql.to_owned(),
    }
}
"#;

/// A condition that can be dropped.
struct Mutant {
    place: String,
    text: String,
}

impl Mutant {
    fn path(&self) -> &str {
        self.place.split(':').next().unwrap_or_default()
    }
}

/// Runs the chosen mutants; true when each was noticed or is explained.
pub(super) fn run(selection: &Selection) -> Result<bool> {
    let marked = Marked::make()?;
    let of_files = marked.mutants.iter().enumerate();
    let of_files = of_files.filter(|(_, mutant)| selection.has_file(mutant.path()));
    let of_files: Vec<_> = of_files.collect();
    let chosen = selection.choose(of_files.len());
    let chosen = chosen.into_iter().filter_map(|at| of_files.get(at));
    let chosen: Vec<_> = chosen.copied().collect();
    if selection.list {
        for (_, mutant) in chosen {
            println!("{}: {}", mutant.place, mutant.text);
        }
        return Ok(true);
    }
    let (all, total) = (chosen.len(), marked.mutants.len());
    println!("mutants: {all} of {total} conditions");
    let explained = Explained::read()?;
    let suite = marked.build()?;
    if !suite.passes()? {
        bail!("the contract fails without any mutant");
    }
    let mut left = Vec::new();
    let mut survivors = 0;
    for (done, (number, mutant)) in chosen.into_iter().enumerate() {
        let began = Instant::now();
        let outcome = suite.test(number, mutant.path())?;
        let noticed = matches!(outcome, Outcome::Killed | Outcome::TimedOut);
        let is_explained = !noticed && explained.has(mutant);
        println!(
            "{}/{all} {outcome:?}{} in {} s: {}: {}",
            done + 1,
            if is_explained { ", explained" } else { "" },
            began.elapsed().as_secs(),
            mutant.place,
            mutant.text
        );
        survivors += usize::from(!noticed);
        if !noticed && !is_explained {
            left.push((mutant, outcome));
        }
    }
    report(all, survivors, &left);
    Ok(left.is_empty())
}

fn report(all: usize, survivors: usize, left: &[(&Mutant, Outcome)]) {
    let (noticed, explained) = (all - survivors, survivors - left.len());
    println!(
        "\n{noticed} of {all} were noticed; of the others {explained} are explained in {EXPLAINED}"
    );
    if left.is_empty() {
        return;
    }
    println!(
        "\nWrite a test of the contract that needs the condition, or explain it there:\n\n| file | condition | |\n|---|---|---|"
    );
    for (mutant, outcome) in left {
        println!("| `{}` | `{}` | {outcome:?} |", mutant.place, mutant.text);
    }
}

/// The conditions that no test can notice, each with its reason.
struct Explained(Vec<(String, String)>);

impl Explained {
    fn read() -> Result<Self> {
        let text = fs::read_to_string(root().join(EXPLAINED))
            .with_context(|| format!("cannot read {EXPLAINED}"))?;
        Ok(Self::parse(&text))
    }

    /// The rows of the tables whose first two cells are code: the file's name and the condition.
    fn parse(text: &str) -> Self {
        let row = |line: &str| {
            let mut cells = line.strip_prefix("| `")?.split("` | ");
            let file = cells.next()?.to_owned();
            let condition = cells.next()?.strip_prefix('`')?.to_owned();
            Some((file, condition))
        };
        Self(text.lines().filter_map(row).collect())
    }

    fn has(&self, mutant: &Mutant) -> bool {
        let path = mutant.path();
        self.0.iter().any(|(file, condition)| {
            *condition == mutant.text && path.strip_prefix(FOLDER) == Some(&format!("/{file}"))
        })
    }
}

/// A copy of the workspace in which the conditions are marked.
struct Marked {
    copy: Copy,
    mutants: Vec<Mutant>,
}

impl Marked {
    fn make() -> Result<Self> {
        let copy = Copy::make("sql", |path| path.starts_with(FOLDER))?;
        let mutants = mark(&copy)?;
        Ok(Self { copy, mutants })
    }

    /// Builds the tests.
    fn build(&self) -> Result<Suite> {
        let mut command = self
            .copy
            .cargo(["test", "-p", "cardea-store", "--test", "it"]);
        command.args(["--no-run", "--message-format=json"]);
        println!("building the tests of the store with all conditions marked");
        let messages = output(&mut command)?;
        let mut built = messages.lines().filter_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let program = message.get("executable")?.as_str()?;
            Some(PathBuf::from(program))
        });
        Ok(Suite {
            program: built.next_back().context("cargo built no tests")?,
            folder: self.copy.sources.join("crates/store"),
            seen: self.copy.target.join("seen"),
        })
    }
}

/// Marks the conditions of all statements.
fn mark(copy: &Copy) -> Result<Vec<Mutant>> {
    let mut mutants = Vec::new();
    for path in files(&root().join(FOLDER))? {
        let text = fs::read_to_string(&path)?;
        let short = path.strip_prefix(root()).unwrap_or(&path);
        let name = short.to_string_lossy();
        let mut marked = match name.contains("tests") || name == OPENS {
            true => text,
            false => marked(&text, &name, &mut mutants),
        };
        if short == Path::new(PREPARES) {
            if !marked.contains(PREPARE) {
                bail!("{PREPARES} does not have `{PREPARE}`");
            }
            marked = marked.replace(PREPARE, ".prepare_cached(&mutated(sql))") + ACTIVATE;
        }
        copy.write(short, marked.as_bytes())?;
    }
    Ok(mutants)
}

/// The source with marks around its conditions.
fn marked(source: &str, path: &str, mutants: &mut Vec<Mutant>) -> String {
    let mut inserts: Vec<(usize, bool, String)> = Vec::new();
    for condition in conditions::of(source) {
        let number = mutants.len();
        let range = condition.range();
        let text = source.get(range.clone()).unwrap_or_default();
        let line = source.get(..range.start).map_or(0, |s| s.lines().count());
        mutants.push(Mutant {
            place: format!("{path}:{line}"),
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        });
        let (open, close) = (format!("/*{number}<*/"), format!("/*>{number}*/"));
        let (open, close) = match condition {
            Condition::Text(_) => (open, close),
            Condition::Call(_) => (format!("\"{open}\", "), format!(", \"{close}\"")),
        };
        inserts.push((range.start, true, open));
        inserts.push((range.end, false, close));
    }
    // At one place the end of a condition stands before the beginning of another.
    inserts.sort_by_key(|(at, opens, _)| (*at, *opens));
    let mut marked = String::with_capacity(source.len());
    let mut from = 0;
    for (at, _, text) in &inserts {
        marked.push_str(source.get(from..*at).unwrap_or_default());
        marked.push_str(text);
        from = *at;
    }
    marked.push_str(source.get(from..).unwrap_or_default());
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_stand_between_marks() {
        let mut mutants = Vec::new();
        let source = "\n  concat!(\"SELECT 1 FROM t WHERE a = ? AND b IN (SELECT b FROM u WHERE c = 1) AND \", alive!())";
        let expected = "\n  concat!(\"SELECT 1 FROM t WHERE /*0<*/a = ?/*>0*/ AND /*1<*/b IN (SELECT b FROM u WHERE \
                        /*2<*/c = 1/*>2*/)/*>1*/ AND \", \"/*3<*/\", alive!(), \"/*>3*/\")";
        assert_eq!(marked(source, "a.rs", &mut mutants), expected);
        let places: Vec<&str> = mutants.iter().map(|m| m.place.as_str()).collect();
        assert_eq!(places, ["a.rs:2"; 4]);
        assert_eq!(mutants[1].text, "b IN (SELECT b FROM u WHERE c = 1)");
    }

    #[test]
    fn survivors_are_explained_by_file_and_condition() {
        let page = "| file | condition | why |\n|---|---|---|\n| `audit.rs` | `id >= ?` | It holds twice. |\n";
        let explained = Explained::parse(page);
        let mutant = |place: &str, text: &str| Mutant {
            place: format!("{FOLDER}/{place}"),
            text: text.to_owned(),
        };
        assert!(explained.has(&mutant("audit.rs:85", "id >= ?")));
        assert!(!explained.has(&mutant("audit.rs:85", "at >= ?")));
        assert!(!explained.has(&mutant("users.rs:85", "id >= ?")));
    }
}
