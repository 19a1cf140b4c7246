//! Logins by password, first without other load, then with machines that request tokens at the same time.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{
    series::Series,
    server::{Cores, pinned},
    stage::{PASSWORD, REDIRECT_URI, SECRET, Stage, System, USERS},
};
use crate::command::output;

/// Token requests a second beside the logins.
const BESIDE: u32 = 300;

pub(super) fn measure(stage: &Stage, series: &mut Series) -> Result<()> {
    let server = stage.start(System::Cardea, Cores::Server)?;
    let only_logins = log_in(stage, 0)?;
    series.push("cardea login", number(&only_logins, "logins_per_second")?);
    series.push("cardea login p99 ms", number(&only_logins, "login_p99_ms")?);
    let together = log_in(stage, BESIDE)?;
    series.push(
        "cardea login with tokens",
        number(&together, "logins_per_second")?,
    );
    series.push(
        "cardea token beside",
        number(&together, "tokens")? / stage.plan.seconds as f64,
    );
    series.push(
        "cardea token beside p99 ms",
        number(&together, "token_p99_ms")?,
    );
    server.stop()
}

fn log_in(stage: &Stage, beside: u32) -> Result<Value> {
    let body = format!(
        "grant_type=client_credentials&scope=orders:read&client_secret={SECRET}&client_id=script"
    );
    let mut command = pinned(Cores::Load, &stage.programs.load);
    command.args(["login", "--port", &stage.ports.provider.to_string()]);
    command.args(["--loops", &USERS.to_string(), "--password", PASSWORD]);
    command.args(["--client", "web", "--redirect-uri", REDIRECT_URI]);
    command.args(["--token-body", &body, "--token-rate", &beside.to_string()]);
    command.args(["--seconds", &stage.plan.seconds.to_string()]);
    Ok(serde_json::from_str(&output(&mut command)?)?)
}

/// A number of the line of JSON that a command of `bench/load` prints.
pub(super) fn number(result: &Value, name: &str) -> Result<f64> {
    let number = result.get(name).and_then(Value::as_f64);
    number.with_context(|| format!("no {name} in {result}"))
}
