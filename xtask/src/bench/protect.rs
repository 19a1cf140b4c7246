//! What the resource kit costs: JWTs verified, and opaque tokens that were asked about before.

use anyhow::Result;
use serde_json::Value;

use super::{
    people::number,
    series::Series,
    server::{Cores, pinned},
    stage::Stage,
};
use crate::command::output;

/// Who verifies, as `cardea-bench-load verify` calls them.
const WAYS: [&str; 5] = ["layer", "verify", "router", "jsonwebtoken", "key"];

/// On the core where the servers run. The ways take turns within one process.
pub(super) fn measure(stage: &Stage, series: &mut Series) -> Result<()> {
    // Each way has as long as a load has.
    let seconds = (stage.plan.seconds * WAYS.len() as u64).to_string();
    for algorithm in ["ES256", "RS256"] {
        let told = run(stage, &["verify", "--algorithm", algorithm], &seconds)?;
        for way in WAYS {
            let name = format!("{way} {}", algorithm.to_lowercase());
            series.push(name, number(&told, way)?);
        }
    }
    let told = run(stage, &["cached"], &stage.plan.seconds.to_string())?;
    series.push("layer cached", number(&told, "per_second")?);
    Ok(())
}

fn run(stage: &Stage, arguments: &[&str], seconds: &str) -> Result<Value> {
    let mut command = pinned(Cores::Server, &stage.programs.load);
    command.args(arguments).args(["--seconds", seconds]);
    Ok(serde_json::from_str(&output(&mut command)?)?)
}
