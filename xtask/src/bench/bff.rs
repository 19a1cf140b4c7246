//! The latency that the BFF's proxy adds: the same upstream, directly and through the proxy, one call at a time.

use anyhow::Result;

use super::{
    gateway::upstream,
    logins::number,
    series::Series,
    server::{Cores, Server, pinned},
    stage::{BFF, PASSWORD, SECRET, Stage, System},
};
use crate::command::output;

pub(super) fn measure(stage: &Stage, series: &mut Series) -> Result<()> {
    let provider = stage.start(System::Cardea, Cores::Server)?;
    let upstream = upstream(stage)?;
    let app = app(stage)?;
    let mut load = pinned(Cores::Load, &stage.programs.load);
    load.args(["added", "--port", &stage.ports.front.to_string()]);
    load.args(["--provider-port", &stage.ports.provider.to_string()]);
    load.args(["--upstream-port", &stage.ports.upstream.to_string()]);
    load.args(["--username", "person0", "--password", PASSWORD]);
    load.args(["--seconds", &stage.plan.seconds.to_string()]);
    let result = serde_json::from_str(&output(&mut load)?)?;
    for (name, member) in [
        ("bff direct p50 ms", "direct_p50_ms"),
        ("bff through p50 ms", "through_p50_ms"),
        ("bff through p99 ms", "through_p99_ms"),
        ("bff adds ms", "added_ms"),
    ] {
        series.push(name, number(&result, member)?);
    }
    app.stop()?;
    upstream.stop()?;
    provider.stop()
}

/// An app with the kit's BFF.
fn app(stage: &Stage) -> Result<Server> {
    let port = stage.ports.front;
    let mut command = pinned(Cores::Server, &stage.programs.load);
    command.args(["bff", "--port", &port.to_string()]);
    command.args(["--issuer", &stage.issuer(), "--client", BFF]);
    command.args(["--secret", SECRET, "--upstream"]);
    command.arg(format!("http://127.0.0.1:{}", stage.ports.upstream));
    Server::start(command, port, "/health/ready")
}
