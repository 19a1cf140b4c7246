//! `cargo xtask mutants`: changes one condition at a time and expects a test to fail.

mod conditions;
mod copy;
mod rules;
mod sql;
mod suite;

use std::str::FromStr;

use anyhow::{Context as _, Result, bail};

const HELP: &str = "\
cargo xtask mutants sql     drops one condition at a time from the SQL of the store; the contract suite must notice
cargo xtask mutants rules   changes one expression at a time in the rules of crates/protocol (cargo-mutants)

  --file NAME    only those of files whose path contains NAME
  --sample N     about N of them instead of all
  --seed S       another sample; 1 if not given
  --shard K/N    part K of N, counted from 0
  --list         only lists them
  --yes          installs cargo-mutants without asking
";

/// Which mutants to run.
#[derive(Debug, PartialEq)]
struct Selection {
    file: Option<String>,
    sample: Option<usize>,
    seed: u64,
    shard: Option<Shard>,
    list: bool,
    yes: bool,
}

/// Part `k` of `n`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shard {
    k: usize,
    n: usize,
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (k, n) = text.split_once('/').context("--shard needs K/N")?;
        let (k, n) = (k.parse()?, n.parse()?);
        if k >= n {
            bail!("--shard {text}: K is a number from 0 to N - 1");
        }
        Ok(Self { k, n })
    }
}

/// Runs them; true when each was noticed.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    match arguments.split_first() {
        Some((what, rest)) if what == "sql" => sql::run(&Selection::parse(rest)?),
        Some((what, rest)) if what == "rules" => rules::run(&Selection::parse(rest)?),
        _ => bail!("`mutants` needs `sql` or `rules`\n\n{HELP}"),
    }
}

impl Selection {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut selection = Self {
            file: None,
            sample: None,
            seed: 1,
            shard: None,
            list: false,
            yes: false,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || {
                rest.next()
                    .with_context(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--file" => selection.file = Some(value()?.clone()),
                "--sample" => {
                    let sample = value()?.parse().context("--sample needs a number")?;
                    if sample == 0 {
                        bail!("--sample needs a number above 0");
                    }
                    selection.sample = Some(sample);
                }
                "--seed" => selection.seed = value()?.parse().context("--seed needs a number")?,
                "--shard" => selection.shard = Some(value()?.parse()?),
                "--list" => selection.list = true,
                "--yes" | "-y" => selection.yes = true,
                other => bail!("unknown option `{other}`\n\n{HELP}"),
            }
        }
        if selection.sample.is_some() && selection.shard.is_some() {
            bail!("--sample and --shard exclude each other");
        }
        Ok(selection)
    }

    /// Whether the mutants of a file are among them.
    fn has_file(&self, path: &str) -> bool {
        let name = self.file.as_deref();
        name.is_none_or(|name| path.contains(name))
    }

    /// The chosen ones of so many, in their order.
    fn choose(&self, all: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..all).collect();
        if let Some(shard) = self.shard {
            numbers.retain(|number| number % shard.n == shard.k);
        }
        if let Some(sample) = self.sample {
            let seed = self.seed;
            numbers.sort_by_key(|number| mixed(seed, *number));
            numbers.truncate(sample);
            numbers.sort_unstable();
        }
        numbers
    }
}

/// SplitMix64: spreads neighbouring numbers.
fn mixed(seed: u64, number: usize) -> u64 {
    let step = 0x9E37_79B9_7F4A_7C15_u64;
    let mut x = seed.wrapping_add((number as u64 + 1).wrapping_mul(step));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Selection> {
        let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Selection::parse(&arguments)
    }

    #[test]
    fn a_sample_is_the_same_for_the_same_seed() {
        let of = |text: &str| parse(text).unwrap().choose(100);
        assert_eq!(of("--sample 10"), of("--sample 10 --seed 1"));
        assert_ne!(of("--sample 10"), of("--sample 10 --seed 2"));
        assert_eq!(of("--sample 10").len(), 10);
        assert!(of("--sample 10").is_sorted());
        assert_eq!(of("--sample 1000"), of(""));
    }

    #[test]
    fn shards_take_each_mutant_once() {
        let mut all: Vec<usize> = (0..3)
            .flat_map(|k| parse(&format!("--shard {k}/3")).unwrap().choose(10))
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_file_is_chosen_by_a_part_of_its_path() {
        let selection = parse("--file sqlite/users --sample 2").unwrap();
        assert!(selection.has_file("crates/store/src/sqlite/users.rs"));
        assert!(!selection.has_file("crates/store/src/sqlite/roles.rs"));
        assert!(parse("").unwrap().has_file("any.rs"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "--shard 3/3",
            "--shard 1",
            "--shard 0/0",
            "--sample 0",
            "--sample",
            "--sample 2 --shard 0/2",
            "--file",
            "--simple 2",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
