//! The cost of the resource kit: verifying JWTs, and opaque tokens that were introspected before.

use anyhow::Result;
use serde_json::Value;

use super::{
    logins::number,
    series::Series,
    server::{Cores, pinned},
    stage::Stage,
};
use crate::command::output;

/// The verifiers, by their names in `cardea-bench-load verify`.
const WAYS: [&str; 5] = ["layer", "verify", "router", "jsonwebtoken", "key"];

/// On the core where the servers run. The variants take turns within one process.
pub(super) fn measure(stage: &Stage, series: &mut Series) -> Result<()> {
    // Each variant has the time of a load.
    let seconds = (stage.plan.seconds * WAYS.len() as u64).to_string();
    for algorithm in ["ES256", "RS256"] {
        let result = run(stage, &["verify", "--algorithm", algorithm], &seconds)?;
        for way in WAYS {
            let name = format!("{way} {}", algorithm.to_lowercase());
            series.push(name, number(&result, way)?);
        }
    }
    let result = run(stage, &["cached"], &stage.plan.seconds.to_string())?;
    series.push("layer cached", number(&result, "per_second")?);
    Ok(())
}

fn run(stage: &Stage, arguments: &[&str], seconds: &str) -> Result<Value> {
    let mut command = pinned(Cores::Server, &stage.programs.load);
    command.args(arguments).args(["--seconds", seconds]);
    Ok(serde_json::from_str(&output(&mut command)?)?)
}
