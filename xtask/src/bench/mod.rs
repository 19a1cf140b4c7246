//! `cargo xtask bench`: the rates of Cardea, compared with those of this machine and a bare server in the same minutes.
//!
//! `loads.rs` lists the measurements, `rows.rs` the targets. `stage.rs` has the folder, the programs and the seeds, `server.rs`
//! a pinned process, `wrk.rs` and `limits.rs` the measuring, `once.rs` the single measurements, `series.rs` the numbers,
//! `report.rs` the page. The kits are in `protect.rs`, `bff.rs`, `gateway.rs` with `nginx.rs`, and `dev.rs`; `burst.rs` has
//! attack loads, `users.rs` many users, second factors, passkeys and strangers. `bench/README.md` explains the result.

mod bff;
mod burst;
mod dev;
mod gateway;
mod limits;
mod loads;
mod logins;
mod machine;
mod nginx;
mod once;
mod protect;
mod report;
mod rows;
mod seeds;
mod series;
mod server;
mod stage;
mod users;
mod wrk;

use anyhow::{Result, bail};

use self::{series::Series, stage::Stage};
use crate::command::root;

/// The duration and number of the measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    rounds: usize,
    seconds: u64,
    /// Rotations between the first and the last measurement of the rate of refreshes.
    rotations: u64,
    /// Grants in the store when its memory is measured.
    grants: u32,
    /// Users in the store when they are searched.
    users: u32,
    /// Sign-ups by strangers.
    sign_ups: u32,
}

impl Plan {
    const FULL: Self = Self {
        rounds: 3,
        seconds: 5,
        rotations: 1_000_000,
        grants: 1_000_000,
        users: 1_000_000,
        sign_ups: 100_000,
    };
    const QUICK: Self = Self {
        rounds: 1,
        seconds: 3,
        rotations: 50_000,
        grants: 50_000,
        users: 20_000,
        sign_ups: 2_000,
    };

    fn parse(arguments: &[String]) -> Result<Self> {
        let mut plan = Self::FULL;
        for argument in arguments {
            match argument.as_str() {
                "--quick" => plan = Self::QUICK,
                "--long" => plan.rotations = 10_000_000,
                other => bail!("`bench` accepts --quick and --long, not `{other}`"),
            }
        }
        Ok(plan)
    }
}

/// Measures everything, prints the table and writes `docs/benchmarks.md`. It does not fail on missed targets.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    let plan = Plan::parse(arguments)?;
    let mut stage = Stage::set(plan)?;
    let mut series = Series::default();
    for round in 1..=plan.rounds {
        println!("round {round} of {}", plan.rounds);
        limits::measure(&stage, &mut series)?;
        for load in loads::LOADS {
            loads::measure(load, &mut stage, &mut series)?;
        }
        logins::measure(&stage, &mut series)?;
        users::totp(&stage, &mut series, round)?;
        users::passkeys(&stage, &mut series, round)?;
        burst::measure(&stage, &mut series)?;
        protect::measure(&stage, &mut series)?;
        bff::measure(&stage, &mut series)?;
        gateway::measure(&stage, &mut series)?;
        dev::measure(&stage, &mut series)?;
        once::start_and_idle(&stage, &mut series)?;
    }
    once::rotations(&mut stage, &mut series)?;
    once::many_grants(&mut stage, &mut series)?;
    users::strangers(&stage, &mut series)?;
    users::many(&stage, &mut series)?;
    once::binary(&stage, &mut series)?;
    let page = report::page(plan, &series)?;
    println!("\n{page}");
    let path = root().join("docs/benchmarks.md");
    std::fs::write(&path, page)?;
    println!("written to docs/benchmarks.md");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_full_quick_or_long() {
        let parse = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
            Plan::parse(&arguments)
        };
        assert_eq!(parse(&[]).unwrap(), Plan::FULL);
        assert_eq!(parse(&["--quick"]).unwrap(), Plan::QUICK);
        assert_eq!(parse(&["--long"]).unwrap().rotations, 10_000_000);
        assert!(parse(&["--fast"]).is_err());
    }
}
