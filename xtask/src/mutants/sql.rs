//! `cargo xtask mutants sql`. All mutants are compiled at once, into a copy of the workspace: there each condition stands between
//! two SQL comments, and the one function that prepares statements turns the comments of the chosen condition into
//! `(TRUE OR (…))`. So the parameters stay, and a mutant costs a run of the tests, not a build.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{
    Selection,
    conditions::{self, Condition},
};
use crate::command::{cargo, output, root};

/// The statements of the store.
const FOLDER: &str = "crates/store/src/sqlite";
/// The file that prepares them, and how.
const PREPARES: &str = "crates/store/src/sqlite/rows.rs";
const PREPARE: &str = ".prepare_cached(sql)";
/// Opens and migrates the file; no verb.
const OPENS: &str = "crates/store/src/sqlite/open.rs";
/// The tests to run.
const SUITE: &str = "sqlite::contract::";
/// The suite takes seconds. A mutant can make it wait for what never happens.
const PATIENCE: Duration = Duration::from_secs(120);

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

#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// A test failed.
    Killed,
    /// The tests took too long.
    TimedOut,
    /// All tests passed.
    Survived,
    /// No test runs the statement.
    NotReached,
}

/// Runs the chosen mutants; true when each was noticed.
pub(super) fn run(selection: &Selection) -> Result<bool> {
    let copy = Copy::make()?;
    let mutants = copy.mark()?;
    let chosen = selection.choose(mutants.len());
    if selection.list {
        for mutant in chosen.iter().filter_map(|number| mutants.get(*number)) {
            println!("{}: {}", mutant.place, mutant.text);
        }
        return Ok(true);
    }
    println!("mutants: {} of {} conditions", chosen.len(), mutants.len());
    let program = copy.build()?;
    if copy.test(&program, None)? != Outcome::Survived {
        bail!("the contract fails without any mutant");
    }
    let mut left = Vec::new();
    for (done, number) in chosen.iter().enumerate() {
        let Some(mutant) = mutants.get(*number) else {
            continue;
        };
        let began = Instant::now();
        let outcome = copy.test(&program, Some(*number))?;
        println!(
            "{}/{} {outcome:?} in {} s: {}: {}",
            done + 1,
            chosen.len(),
            began.elapsed().as_secs(),
            mutant.place,
            mutant.text
        );
        if matches!(outcome, Outcome::Survived | Outcome::NotReached) {
            left.push((mutant, outcome));
        }
    }
    println!(
        "\n{} of {} were noticed",
        chosen.len() - left.len(),
        chosen.len()
    );
    if !left.is_empty() {
        println!("\n| condition | place | |\n|---|---|---|");
    }
    for (mutant, outcome) in &left {
        println!("| `{}` | {} | {outcome:?} |", mutant.text, mutant.place);
    }
    Ok(left.is_empty())
}

/// The workspace once more, with a target folder of its own. It stays for the next run.
struct Copy {
    sources: PathBuf,
    target: PathBuf,
}

impl Copy {
    fn make() -> Result<Self> {
        let folder = root().join("target/mutants/sql");
        let copy = Self {
            sources: folder.join("workspace"),
            target: folder.join("target"),
        };
        let mut git = Command::new("git");
        git.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root());
        for path in output(&mut git)?.split_terminator('\0') {
            let from = root().join(path);
            if from.is_file() {
                let bytes = fs::read(&from).with_context(|| format!("cannot read {path}"))?;
                copy.write(Path::new(path), &bytes)?;
            }
        }
        // Of an earlier copy: a migration with another name would be applied too.
        for path in files(&copy.sources.join("crates"))? {
            let before = path.strip_prefix(&copy.sources)?;
            if !root().join(before).exists() {
                fs::remove_file(path)?;
            }
        }
        Ok(copy)
    }

    /// Writes a file if it differs: cargo compiles again what is younger than its last build.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let to = self.sources.join(path);
        if path.starts_with(FOLDER) || fs::read(&to).is_ok_and(|before| before == bytes) {
            return Ok(());
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))
    }

    /// Marks the conditions of all statements.
    fn mark(&self) -> Result<Vec<Mutant>> {
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
            let to = self.sources.join(short);
            if fs::read(&to).is_ok_and(|before| before == marked.as_bytes()) {
                continue;
            }
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(to, marked)?;
        }
        Ok(mutants)
    }

    /// Builds the tests; returns their program.
    fn build(&self) -> Result<PathBuf> {
        let mut command = cargo(["test", "-p", "cardea-store", "--test", "it", "--no-run"]);
        command
            .arg("--message-format=json")
            .current_dir(&self.sources)
            .env("CARGO_TARGET_DIR", &self.target);
        println!("building the tests in {}", self.target.display());
        let messages = output(&mut command)?;
        let mut built = messages.lines().filter_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let program = message.get("executable")?.as_str()?;
            Some(PathBuf::from(program))
        });
        built.next_back().context("cargo built no tests")
    }

    /// Runs the contract with a mutant, or without.
    fn test(&self, program: &Path, number: Option<usize>) -> Result<Outcome> {
        let seen = self.target.join("seen");
        let _ = fs::remove_file(&seen);
        let mut command = Command::new(program);
        command
            .arg(SUITE)
            .current_dir(self.sources.join("crates/store"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(number) = number {
            command
                .env("CARDEA_MUTANT", number.to_string())
                .env("CARDEA_MUTANT_SEEN", &seen);
        }
        let child = command.spawn().context("cannot run the tests")?;
        Ok(match wait(child)? {
            None => Outcome::TimedOut,
            Some(false) => Outcome::Killed,
            Some(true) if number.is_some() && !seen.exists() => Outcome::NotReached,
            Some(true) => Outcome::Survived,
        })
    }
}

/// Whether it succeeded; `None` when it took too long.
fn wait(mut child: Child) -> Result<Option<bool>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
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

/// The files of a folder and of the folders in it, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
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
}
