//! One run of wrk, and its output.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use super::server::{Cores, pinned};
use crate::command::{output, root};

/// A load on one address.
pub(super) struct Run<'a> {
    pub(super) cores: Cores,
    pub(super) connections: u32,
    pub(super) seconds: u64,
    pub(super) url: String,
    /// One of `bench/load/wrk/`; without one it is a plain GET.
    pub(super) script: Option<&'a str>,
    pub(super) body: &'a str,
    pub(super) file: &'a Path,
}

/// The result of a run.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) per_second: f64,
    pub(super) p99_ms: f64,
    pub(super) requests: f64,
}

impl Run<'_> {
    /// Runs it. An error among the answers fails the run: refusals are cheaper than answers.
    pub(super) fn go(&self) -> Result<Outcome> {
        let mut wrk = self.command();
        let text = output(&mut wrk)?;
        let outcome = parse(&text).with_context(|| format!("wrk printed:\n{text}"))?;
        for failure in ["Non-2xx or 3xx responses", "Socket errors"] {
            if let Some(line) = text.lines().find(|line| line.contains(failure)) {
                bail!("{}: {}", self.url, line.trim());
            }
        }
        Ok(outcome)
    }

    fn command(&self) -> Command {
        let scripts = root().join("bench/load/wrk");
        let mut wrk = pinned(self.cores, "wrk");
        wrk.args(["--threads=1", "--latency", "--timeout=10s"])
            .arg(format!("--connections={}", self.connections))
            .arg(format!("--duration={}s", self.seconds))
            .env("BENCH_SCRIPTS", &scripts)
            .env("BENCH_BODY", self.body)
            .env("BENCH_FILE", self.file);
        if let Some(script) = self.script {
            wrk.arg("--script").arg(scripts.join(script));
        }
        wrk.arg(&self.url);
        wrk
    }
}

fn parse(text: &str) -> Option<Outcome> {
    let after = |name: &str| {
        let line = text.lines().find_map(|l| l.trim().strip_prefix(name))?;
        line.split_whitespace().next()
    };
    let requests = text.lines().find_map(|l| l.split_once(" requests in "));
    Some(Outcome {
        per_second: after("Requests/sec:")?.parse().ok()?,
        p99_ms: milliseconds(after("99%")?)?,
        requests: requests?.0.trim().parse().ok()?,
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)];
    units.iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(number * factor)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_count_and_99th_percentile_are_read() {
        let text = "Running 8s test @ http://127.0.0.1:9791/token
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.46ms  592.71us   9.93ms   89.03%
  Latency Distribution
     50%    1.48ms
     99%    4.13ms
  177995 requests in 8.01s, 142.25MB read
Requests/sec:  22232.70
";
        let expected = Outcome {
            per_second: 22232.7,
            p99_ms: 4.13,
            requests: 177_995.0,
        };
        assert_eq!(parse(text), Some(expected));
        assert_eq!(parse("unable to connect"), None);
    }

    #[test]
    fn times_have_units() {
        assert_eq!(milliseconds("250.00us"), Some(0.25));
        assert_eq!(milliseconds("1.50s"), Some(1500.0));
        assert_eq!(milliseconds("1.50"), None);
    }
}
