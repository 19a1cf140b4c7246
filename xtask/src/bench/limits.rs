//! The limits of the machine: signatures by `openssl speed`, hashes by the crate that the server uses.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{
    series::Series,
    server::{Cores, pinned},
    stage::Stage,
};
use crate::command::output;

/// On the core where the servers run.
pub(super) fn measure(stage: &Stage, series: &mut Series) -> Result<()> {
    for algorithm in ["ecdsap256", "rsa2048", "ed25519"] {
        let mut speed = pinned(Cores::Server, "openssl");
        speed.args(["speed", "-elapsed", "-seconds"]);
        speed.args([&stage.plan.seconds.min(3).to_string(), algorithm]);
        let (sign, verify) = rates(&output(&mut speed)?)
            .with_context(|| format!("`openssl speed {algorithm}` printed something unexpected"))?;
        series.push(format!("openssl {algorithm} sign"), sign);
        series.push(format!("openssl {algorithm} verify"), verify);
    }
    let mut hash = pinned(Cores::Server, &stage.programs.load);
    hash.args(["argon2id", "--seconds", &stage.plan.seconds.to_string()]);
    series.push("argon2id", number(&mut hash, "per_second")?);
    Ok(())
}

/// A number of the line of JSON that a command of `bench/load` prints.
fn number(command: &mut Command, name: &str) -> Result<f64> {
    let result: serde_json::Value = serde_json::from_str(&output(command)?)?;
    result
        .get(name)
        .and_then(serde_json::Value::as_f64)
        .with_context(|| format!("no {name} in {result}"))
}

/// Signatures and verifications a second: the two numbers after the last time for one operation.
fn rates(text: &str) -> Option<(f64, f64)> {
    let line = text.lines().rev().find(|line| line.contains("bits"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_time = |word: &&str| word.strip_suffix('s').is_some_and(is_number);
    let last = words.iter().rposition(is_time)?;
    let mut rates = words.get(last + 1..)?.iter().map(|word| word.parse().ok());
    Some((rates.next()??, rates.next()??))
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rates_of_every_kind_of_key_are_found() {
        let ecdsa = "                              sign    verify    sign/s verify/s
 256 bits ecdsa (nistp256)   0.0000s   0.0001s  48254.0  16111.0
";
        assert_eq!(rates(ecdsa), Some((48254.0, 16111.0)));
        let rsa = "rsa  2048 bits 0.000247s 0.000007s 0.000008s 0.000258s   4053.3 137498.3 118871.7   3870.2";
        assert_eq!(rates(rsa), Some((4053.3, 137_498.3)));
        assert_eq!(rates("nothing"), None);
    }
}
