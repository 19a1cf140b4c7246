//! The development tasks of the workspace: `cargo xtask setup | test | check | lint | mutants | bench`.
//!
//! Start reading at `check::run` for the rules of the workspace, at `test::run` for the tests and their order.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool prints its results"
)]

mod bench;
mod check;
mod command;
mod lint;
mod literals;
mod mutants;
mod setup;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::test::Part;

const HELP: &str = "\
The development tasks of the workspace.

  cargo xtask setup [--yes]                  list the missing tools for tests and lints, and install them
  cargo xtask test [--only PARTS] [--yes]    set up, then run the tests
  cargo xtask check [--write]                layers, dependencies, house style, lengths, sleeps in tests, leaks, citations, documents
  cargo xtask lint [--yes]                   advisories, licences, bans, unused dependencies, spelling
  cargo xtask mutants sql|rules [--sample N] change one condition at a time and expect a test to fail
  cargo xtask bench [--quick] [--long]       measure, compare with the limits of the machine, write docs/benchmarks.md

  --yes          install without asking (CI has no terminal to ask on)
  --write        rewrite docs/reference/specifications.md
  --only PARTS   a list of unit, http, doc, e2e, interop, separated by commas
  --quick        one round of three seconds a row instead of three of ten
  --long         ten million rotations instead of one
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one task; false when it ran and reported a problem.
fn dispatch(arguments: &[String]) -> Result<bool> {
    let Some((chore, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(false);
    };
    if chore == "bench" {
        return bench::run(rest);
    }
    if chore == "mutants" {
        return mutants::run(rest);
    }
    let options = Options::parse(rest)?;
    match chore.as_str() {
        "setup" if options.only.is_none() && !options.write => {
            setup::run(&Part::ALL, options.yes)?;
            setup::tools::install(options.yes).map(|()| true)
        }
        "lint" if options.only.is_none() && !options.write => lint::run(options.yes),
        "test" if !options.write => test::run(options.only.as_deref(), options.yes),
        "check" if options.only.is_none() && !options.yes => check::run(options.write),
        "setup" | "test" | "check" | "lint" => {
            bail!("`{chore}` does not take that option\n\n{HELP}")
        }
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(true)
        }
        _ => bail!("unknown task `{chore}`\n\n{HELP}"),
    }
}

#[derive(Debug, Default, PartialEq)]
struct Options {
    yes: bool,
    write: bool,
    only: Option<Vec<Part>>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--yes" | "-y" => options.yes = true,
                "--write" => options.write = true,
                "--only" => match rest.next() {
                    Some(names) => options.only = Some(Part::parse_list(names)?),
                    None => bail!("--only needs a list, for example --only unit,http"),
                },
                other => match other.strip_prefix("--only=") {
                    Some(names) => options.only = Some(Part::parse_list(names)?),
                    None => bail!("unknown option `{other}`\n\n{HELP}"),
                },
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options> {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        Options::parse(&arguments)
    }

    #[test]
    fn options_come_in_any_order() {
        let expected = Options {
            yes: true,
            write: false,
            only: Some(vec![Part::Unit, Part::Doc]),
        };
        assert_eq!(parse(&["--only", "unit,doc", "--yes"]).unwrap(), expected);
        assert_eq!(parse(&["-y", "--only=unit,doc"]).unwrap(), expected);
    }

    #[test]
    fn unknown_options_are_refused() {
        assert!(parse(&["--olny", "unit"]).is_err());
        assert!(parse(&["--only"]).is_err());
        assert!(parse(&["--only", "unit,everything"]).is_err());
    }
}
