//! `cargo xtask test`: sets up, runs the parts in their order, and reports which were run and which were not.

mod part;
mod run;

use std::time::{Duration, Instant};

use anyhow::Result;

pub(crate) use part::Part;
use run::{Outcome, Run};

use crate::setup;

/// A part, its outcome and its duration.
struct Row {
    part: Part,
    outcome: Outcome,
    took: Duration,
}

/// Runs these parts, or all; true when the run passed.
pub(crate) fn run(only: Option<&[Part]>, yes: bool) -> Result<bool> {
    let asked: Vec<Part> = Part::ALL
        .into_iter()
        .filter(|part| only.is_none_or(|o| o.contains(part)))
        .collect();
    headline("setup");
    let started = Instant::now();
    setup::run(&asked, yes)?;
    let setup = started.elapsed();
    let run = Run::begin()?;
    let mut rows = Vec::new();
    for part in Part::ALL {
        if asked.contains(&part) {
            headline(part.name());
            let started = Instant::now();
            let outcome = run
                .part(part)
                .unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
            let took = started.elapsed();
            println!(
                "── {}: {outcome} ({:.1} s)",
                part.name(),
                took.as_secs_f64()
            );
            rows.push(Row {
                part,
                outcome,
                took,
            });
        } else {
            rows.push(Row {
                part,
                outcome: Outcome::Absent("not asked for".into()),
                took: Duration::ZERO,
            });
        }
    }
    println!("\n{}\n{}", times(setup, &rows), summary(&rows));
    Ok(is_good(&rows))
}

/// How long each part took with its compilation, and all of them.
fn times(setup: Duration, rows: &[Row]) -> String {
    let line = |name: &str, took: Duration| format!("{name:8}{:8.1} s\n", took.as_secs_f64());
    let ran = |row: &&Row| !matches!(row.outcome, Outcome::Absent(_));
    let parts = rows.iter().filter(ran);
    let mut table = line("setup", setup);
    table.extend(parts.clone().map(|row| line(row.part.name(), row.took)));
    let all: Duration = parts.map(|row| row.took).sum();
    table + &line("all", setup + all)
}

/// At least one part passed and none failed: a run without any part proves nothing.
fn is_good(rows: &[Row]) -> bool {
    let failed = |row: &Row| matches!(row.outcome, Outcome::Failed(_));
    let passed = |row: &Row| matches!(row.outcome, Outcome::Passed);
    rows.iter().any(passed) && !rows.iter().any(failed)
}

fn headline(name: &str) {
    println!("\n━━ {name} ━━");
}

/// The last line, which separates the parts that passed from those that were not run.
fn summary(rows: &[Row]) -> String {
    let mut passed = Vec::new();
    let mut failed = Vec::new();
    let mut absent = Vec::new();
    for row in rows {
        let name = row.part.name();
        match &row.outcome {
            Outcome::Passed => passed.push(name.to_owned()),
            Outcome::Failed(why) => failed.push(format!("{name} ({why})")),
            Outcome::Absent(why) => absent.push(format!("{name} ({why})")),
        }
    }
    let lists = [("FAILED", failed), ("passed", passed), ("not run", absent)];
    let said = lists.iter().filter(|(_, list)| !list.is_empty());
    said.map(|(label, list)| format!("{label}: {}", list.join(", ")))
        .collect::<Vec<_>>()
        .join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(part: Part, outcome: Outcome, seconds: u64) -> Row {
        Row {
            part,
            outcome,
            took: Duration::from_secs(seconds),
        }
    }

    fn absent() -> Row {
        row(Part::E2e, Outcome::Absent("not asked for".into()), 0)
    }

    #[test]
    fn the_last_line_names_what_failed_first_and_hides_nothing() {
        let rows = [
            row(Part::Unit, Outcome::Passed, 60),
            row(Part::Http, Outcome::Failed("exit".into()), 100),
            row(Part::Doc, Outcome::Passed, 7),
            absent(),
        ];
        assert_eq!(
            summary(&rows),
            "FAILED: http (exit) · passed: unit, doc · not run: e2e (not asked for)"
        );
    }

    #[test]
    fn the_last_line_is_short_when_all_is_well() {
        assert_eq!(
            summary(&[row(Part::Unit, Outcome::Passed, 1)]),
            "passed: unit"
        );
    }

    #[test]
    fn the_time_of_each_part_that_ran_is_listed_with_the_sum() {
        let rows = [
            row(Part::Unit, Outcome::Passed, 60),
            row(Part::Http, Outcome::Failed("exit".into()), 100),
            absent(),
        ];
        assert_eq!(
            times(Duration::from_millis(500), &rows),
            "setup        0.5 s\nunit        60.0 s\nhttp       100.0 s\nall        160.5 s\n"
        );
    }

    #[test]
    fn a_run_that_ran_nothing_is_not_good() {
        assert!(!is_good(&[absent()]));
        assert!(is_good(&[absent(), row(Part::Unit, Outcome::Passed, 1)]));
        assert!(!is_good(&[
            row(Part::Unit, Outcome::Passed, 1),
            row(Part::Http, Outcome::Failed("exit".into()), 1)
        ]));
    }
}
