//! The gateway and nginx, one after the other, with the same upstream and the same load.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::Result;

use super::{
    machine, nginx,
    series::Series,
    server::{Cores, Server, pinned},
    stage::Stage,
    wrk::{Outcome, Run},
};
use crate::command::output;

const CONNECTIONS: u32 = 32;

/// The proxy has the first core, the upstream shares the second one with the load.
pub(super) fn measure(stage: &Stage, series: &mut Series) -> Result<()> {
    let (certificate, key) = certificate(stage)?;
    let upstream = upstream(stage)?;
    let plain = format!("http://127.0.0.1:{}/", stage.ports.upstream);
    series.push("upstream", load(stage, plain)?.per_second);
    let mut gateway = pinned(Cores::Server, &stage.programs.cardea);
    gateway.arg("gateway").arg("--config").arg("gateway.toml");
    std::fs::write(stage.file("gateway.toml"), configuration(stage))?;
    let proxy = nginx::proxy(stage.ports.front, stage.ports.upstream, &certificate, &key);
    let nginx = nginx::command(&stage.file("nginx-proxy"), Cores::Server, &proxy)?;
    for (name, command) in [("cardea gateway", gateway), ("nginx gateway", nginx)] {
        let (outcome, busy) = behind(stage, command)?;
        series.push(format!("{name} busy %"), busy * 100.0);
        series.push(format!("{name} p99 ms"), outcome.p99_ms);
        series.push(name, outcome.per_second);
    }
    upstream.stop()
}

/// The API behind gateways and BFF, on the core of the load.
pub(super) fn upstream(stage: &Stage) -> Result<Server> {
    let port = stage.ports.upstream;
    let folder = stage.file("nginx-upstream");
    let command = nginx::command(&folder, Cores::Load, &nginx::upstream(port))?;
    Server::start(command, port, "/")
}

/// One proxy under load, and the use of its core: below 90 % the proxy is not the bottleneck.
fn behind(stage: &Stage, mut command: Command) -> Result<(Outcome, f64)> {
    let url = format!("https://localhost:{}/", stage.ports.front);
    command.current_dir(stage.folder());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server::start_until(command, || answers(&url))?;
    let before = machine::first_core()?;
    let outcome = load(stage, url)?;
    let busy = machine::first_core()?.busy_since(&before);
    server.stop()?;
    Ok((outcome, busy))
}

fn load(stage: &Stage, url: String) -> Result<Outcome> {
    let run = Run {
        cores: Cores::Load,
        connections: CONNECTIONS,
        seconds: stage.plan.seconds,
        url,
        script: None,
        body: "",
        file: stage.folder(),
    };
    run.go()
}

/// Whether the proxy forwards requests; its certificate is self-signed.
fn answers(url: &str) -> bool {
    let mut curl = Command::new("curl");
    curl.args(["--insecure", "--silent", "--fail", "--max-time", "1", url]);
    let status = curl.stdin(Stdio::null()).stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// One for both.
fn certificate(stage: &Stage) -> Result<(PathBuf, PathBuf)> {
    let (certificate, key) = (stage.file("front.pem"), stage.file("front.key"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt"]);
    openssl.args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=localhost"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
    openssl
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key);
    output(&mut openssl)?;
    Ok((certificate, key))
}

/// With its defaults: header pack, metrics and the private cookies are on.
fn configuration(stage: &Stage) -> String {
    let (front, upstream) = (stage.ports.front, stage.ports.upstream);
    format!(
        r#"listen = ["127.0.0.1:{front}"]
hosts = ["localhost:{front}"]
tls = {{ cert_file = "front.pem", key_file = "front.key" }}

[[upstreams]]
name = "api"
url = "http://127.0.0.1:{upstream}"

[[routes]]
prefix = "/"
upstream = "api"
"#
    )
}
