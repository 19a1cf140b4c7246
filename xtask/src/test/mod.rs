//! `cargo xtask test`: sets up, runs the parts in their order, and says what was run and what was not.

mod part;
mod run;

use std::time::Instant;

use anyhow::Result;

pub(crate) use part::Part;
use run::{Outcome, Run};

use crate::setup;

/// Runs these parts, or all; true when the run was good.
pub(crate) fn run(only: Option<&[Part]>, yes: bool) -> Result<bool> {
    let asked: Vec<Part> = Part::ALL
        .into_iter()
        .filter(|part| only.is_none_or(|o| o.contains(part)))
        .collect();
    headline("setup");
    setup::run(&asked, yes)?;
    let run = Run::begin()?;
    let mut results = Vec::new();
    for part in Part::ALL {
        if asked.contains(&part) {
            headline(part.name());
            let started = Instant::now();
            let outcome = run
                .part(part)
                .unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
            println!(
                "── {}: {outcome} ({:.1} s)",
                part.name(),
                started.elapsed().as_secs_f64()
            );
            results.push((part, outcome));
        } else {
            results.push((part, Outcome::Absent("not asked for".into())));
        }
    }
    println!("\n{}", summary(&results));
    Ok(is_good(&results))
}

/// Something passed and nothing failed: a run in which nothing could be run has shown nothing.
fn is_good(results: &[(Part, Outcome)]) -> bool {
    let failed = |(_, outcome): &(Part, Outcome)| matches!(outcome, Outcome::Failed(_));
    let passed = |(_, outcome): &(Part, Outcome)| matches!(outcome, Outcome::Passed);
    results.iter().any(passed) && !results.iter().any(failed)
}

fn headline(name: &str) {
    println!("\n━━ {name} ━━");
}

/// The last line: nobody should take a part that was not run for one that passed.
fn summary(results: &[(Part, Outcome)]) -> String {
    let mut passed = Vec::new();
    let mut failed = Vec::new();
    let mut absent = Vec::new();
    for (part, outcome) in results {
        match outcome {
            Outcome::Passed => passed.push(part.name().to_owned()),
            Outcome::Failed(why) => failed.push(format!("{} ({why})", part.name())),
            Outcome::Absent(why) => absent.push(format!("{} ({why})", part.name())),
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

    #[test]
    fn the_last_line_names_what_failed_first_and_hides_nothing() {
        let results = [
            (Part::Unit, Outcome::Passed),
            (Part::Http, Outcome::Failed("exit".into())),
            (Part::Doc, Outcome::Passed),
            (Part::E2e, Outcome::Absent("not asked for".into())),
        ];
        assert_eq!(
            summary(&results),
            "FAILED: http (exit) · passed: unit, doc · not run: e2e (not asked for)"
        );
    }

    #[test]
    fn the_last_line_is_short_when_all_is_well() {
        assert_eq!(summary(&[(Part::Unit, Outcome::Passed)]), "passed: unit");
    }

    #[test]
    fn a_run_that_ran_nothing_is_not_good() {
        let absent = || {
            (
                Part::E2e,
                Outcome::Absent("there is no package.json".into()),
            )
        };
        assert!(!is_good(&[absent()]));
        assert!(is_good(&[absent(), (Part::Unit, Outcome::Passed)]));
        assert!(!is_good(&[
            (Part::Unit, Outcome::Passed),
            (Part::Http, Outcome::Failed("exit".into()))
        ]));
    }
}
