//! Measurements other than loads of some seconds: the start, the memory, the size, and the long run.

use std::time::Duration;

use anyhow::Result;

use super::{
    loads::refresh_body,
    seeds::{Seed, Seeds},
    series::Series,
    server::{Cores, Server},
    stage::{Stage, System},
    wrk::{Outcome, Run},
};

/// The time until the memory is stable after the start.
const SETTLE: Duration = Duration::from_secs(2);
/// Grants that take turns in a store with many: they are spread over the whole file.
const SCATTERED: u64 = 20_000;
/// The longest that one run of wrk lasts.
const SLICE_SECONDS: u64 = 60;

pub(super) fn start_and_idle(stage: &Stage, series: &mut Series) -> Result<()> {
    let server = stage.start(System::Cardea, Cores::Server)?;
    series.push("cardea start ms", server.ready_after.as_secs_f64() * 1000.0);
    std::thread::sleep(SETTLE);
    series.push("cardea idle MB", server.memory()?);
    server.stop()
}

/// The rate of refreshes and the size of the store before and after many rotations.
pub(super) fn rotations(stage: &mut Stage, series: &mut Series) -> Result<()> {
    let mut server = stage.start(System::Cardea, Cores::Server)?;
    let first = refresh(stage, (32, 32), stage.plan.seconds)?;
    // The write-ahead log is moved into the file when the server ends.
    server.stop()?;
    let size_before = std::fs::metadata(stage.file("cardea.db"))?.len() as f64;
    server = stage.start(System::Cardea, Cores::Server)?;
    let (mut done, wanted) = (0.0, stage.plan.rotations as f64);
    while done < wanted {
        let left = ((wanted - done) / first.per_second).ceil().max(1.0) as u64;
        done += refresh(stage, (32, 32), left.min(SLICE_SECONDS))?.requests;
    }
    let last = refresh(stage, (32, 32), stage.plan.seconds)?;
    server.stop()?;
    let size_after = std::fs::metadata(stage.file("cardea.db"))?.len() as f64;
    series.push("cardea rotations", done);
    series.push("cardea refresh before", first.per_second);
    series.push("cardea refresh after", last.per_second);
    series.push("cardea store bytes before", size_before);
    series.push("cardea store bytes after", size_after);
    Ok(())
}

/// Memory under refreshes, spread over a store with many grants.
pub(super) fn many_grants(stage: &mut Stage, series: &mut Series) -> Result<()> {
    println!("seeding {} grants", stage.plan.grants);
    Seeds::more(stage, stage.plan.grants.into())?;
    let server: Server = stage.start(System::Cardea, Cores::Server)?;
    let outcome = refresh(stage, (SCATTERED, 128), stage.plan.seconds)?;
    series.push("cardea refresh many grants", outcome.per_second);
    series.push("cardea refresh many grants peak MB", server.peak_memory()?);
    server.stop()
}

pub(super) fn binary(stage: &Stage, series: &mut Series) -> Result<()> {
    let bytes = std::fs::metadata(&stage.programs.cardea)?.len();
    series.push("cardea binary MB", bytes as f64 / 1e6);
    Ok(())
}

fn refresh(stage: &mut Stage, (tokens, connections): (u64, u32), seconds: u64) -> Result<Outcome> {
    let file = stage.file("load.txt");
    stage.seeds.take(Seed::Web, tokens, &file)?;
    let run = Run {
        cores: Cores::Load,
        connections,
        seconds,
        url: stage.url("/token"),
        script: Some("rotate.lua"),
        body: &refresh_body(),
        file: &file,
    };
    run.go()
}
