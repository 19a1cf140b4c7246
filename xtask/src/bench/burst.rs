//! The cost of attack loads, and the bytes that a login writes.

use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{
    logins::number,
    series::Series,
    server::{Cores, pinned},
    stage::{PASSWORD, REDIRECT_URI, SECRET, Stage, System, USERS},
};
use crate::command::output;

/// The time in which memory must be returned.
const RETURNED: Duration = Duration::from_secs(10);
/// Logins whose writes are counted.
const LOGINS: u32 = 300;

pub(super) fn measure(stage: &Stage, series: &mut Series) -> Result<()> {
    let server = stage.start(System::Cardea, Cores::Server)?;
    bodies(stage, &server, series)?;
    server.stop()?;
    let server = stage.start(System::Cardea, Cores::Server)?;
    let idle = run(stage, "idle", &[])?;
    series.push("cardea idle connections", number(&idle, "held")?);
    series.push("cardea health p99 ms", number(&idle, "health_p99_ms")?);
    let flood = run(stage, "flood", &login(stage))?;
    series.push(
        "cardea right logins %",
        number(&flood, "right_answered_percent")?,
    );
    server.stop()?;
    bytes_per_login(stage, series)
}

/// Ten thousand incomplete bodies; then their connections end.
fn bodies(stage: &Stage, server: &super::server::Server, series: &mut Series) -> Result<()> {
    let mut command = pinned(Cores::Load, &stage.programs.load);
    command.args(["bodies", "--port", &stage.ports.provider.to_string()]);
    command.args(["--bytes", "16000"]).stdout(Stdio::piped());
    let mut load = command.spawn().context("cannot start the load")?;
    let mut most: f64 = 0.0;
    while load.try_wait()?.is_none() {
        most = most.max(server.memory()?);
        thread::sleep(Duration::from_millis(50));
    }
    let result = load.wait_with_output()?;
    let result: Value = serde_json::from_slice(&result.stdout)?;
    if number(&result, "opened")? < 10_000.0 {
        bail!("only {result} of 10,000 bodies");
    }
    let ended = Instant::now();
    thread::sleep(RETURNED.saturating_sub(ended.elapsed()));
    series.push("cardea burst MB", most);
    series.push("cardea after burst MB", server.memory()?);
    Ok(())
}

/// Of a server without other load. The first logins, which include the consent page, don't count.
fn bytes_per_login(stage: &Stage, series: &mut Series) -> Result<()> {
    let server = stage.start(System::Cardea, Cores::Server)?;
    let spend = |count: u32| {
        let mut arguments = login(stage);
        arguments.extend(["--secret".to_owned(), SECRET.to_owned()]);
        arguments.extend(["--count".to_owned(), count.to_string()]);
        run(stage, "spend", &arguments)
    };
    spend(u32::try_from(USERS)?)?;
    let before = server.written()?;
    spend(LOGINS)?;
    let bytes = server.written()? - before;
    series.push("cardea login bytes", bytes / f64::from(LOGINS));
    server.stop()
}

fn login(stage: &Stage) -> Vec<String> {
    let loops = USERS.to_string();
    let seconds = stage.plan.seconds.to_string();
    [
        ("--loops", loops.as_str()),
        ("--password", PASSWORD),
        ("--client", "web"),
        ("--redirect-uri", REDIRECT_URI),
        ("--seconds", &seconds),
    ]
    .iter()
    .flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()])
    .collect()
}

fn run(stage: &Stage, name: &str, arguments: &[String]) -> Result<Value> {
    let mut command = pinned(Cores::Load, &stage.programs.load);
    command.args([name, "--port", &stage.ports.provider.to_string()]);
    command.args(arguments);
    Ok(serde_json::from_str(&output(&mut command)?)?)
}
