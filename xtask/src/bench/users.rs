//! Many users: their import, what an operator reads of them, logins with a second factor and with passkeys, and strangers who
//! sign up.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use serde_json::Value;

use super::{
    logins::number,
    series::Series,
    server::{Cores, Server, pinned},
    stage::{MFA, PASSWORD, REDIRECT_URI, Stage, System, USERS, defaults},
};
use crate::command::output;

/// The users of the row about imports.
const IMPORTED: u32 = 100_000;
/// Users who log in with a code, for each second of the load: each can log in twice within a step.
const WITH_APP: u64 = 40;
/// Users with a passkey, who take turns.
const WITH_PASSKEY: u32 = 40;
/// The configuration and the store of the row about strangers.
const STRANGERS: &str = "strangers.toml";
const STRANGERS_STORE: &str = "strangers.db";

/// Logins with a second factor. A code counts once, so each round has its own users.
pub(super) fn totp(stage: &Stage, series: &mut Series, round: usize) -> Result<()> {
    let prefix = format!("totp{round}-");
    let users = u32::try_from(stage.plan.seconds * WITH_APP)?;
    let server = stage.start(System::Cardea, Cores::Server)?;
    import(stage, &["--prefix", &prefix, "--password", PASSWORD], users)?;
    let mut command = pinned(Cores::Load, &stage.programs.load);
    command.args(["totp", "--port", &stage.ports.provider.to_string()]);
    command.args(["--loops", &USERS.to_string(), "--password", PASSWORD]);
    command.args(["--client", MFA, "--redirect-uri", REDIRECT_URI]);
    command.args(["--users", &users.to_string(), "--prefix", &prefix]);
    command.args(["--seconds", &stage.plan.seconds.to_string()]);
    let result: Value = serde_json::from_str(&output(&mut command)?)?;
    series.push("cardea totp", number(&result, "logins_per_second")?);
    series.push("cardea totp p99 ms", number(&result, "login_p99_ms")?);
    server.stop()
}

/// Logins by passkey only.
pub(super) fn passkeys(stage: &Stage, series: &mut Series, round: usize) -> Result<()> {
    let prefix = format!("passkey{round}-");
    let server = stage.start(System::Cardea, Cores::Server)?;
    let file = ["--prefix", &prefix, "--password", PASSWORD];
    import(stage, &file, WITH_PASSKEY)?;
    let mut command = pinned(Cores::Load, &stage.programs.load);
    command.args(["passkeys", "--port", &stage.ports.provider.to_string()]);
    command.args(["--loops", &USERS.to_string(), "--password", PASSWORD]);
    command.args(["--client", "web", "--redirect-uri", REDIRECT_URI]);
    command.args(["--users", &WITH_PASSKEY.to_string(), "--prefix", &prefix]);
    command.args(["--seconds", &stage.plan.seconds.to_string()]);
    let result: Value = serde_json::from_str(&output(&mut command)?)?;
    for (name, member) in [
        ("cardea passkey", "logins_per_second"),
        ("cardea passkey p99 ms", "login_p99_ms"),
        ("cardea passkey signing %", "signing_percent"),
    ] {
        series.push(name, number(&result, member)?);
    }
    server.stop()
}

/// Sign-ups by strangers, none of whom confirms. Their mails can't be delivered, so as many wait as may.
pub(super) fn strangers(stage: &Stage, series: &mut Series) -> Result<()> {
    std::fs::write(stage.file(STRANGERS), open_to_strangers(stage))?;
    stage.serve(STRANGERS, Cores::Server)?.stop()?;
    let (rows_before, size_before) = (rows(stage)?, size(stage, "")?);
    println!("{} sign-ups", stage.plan.sign_ups);
    // Each hashes a password, so both cores save half of the time.
    let server: Server = stage.serve(STRANGERS, Cores::Both)?;
    let mut command = pinned(Cores::Both, &stage.programs.load);
    command.args(["sign-ups", "--port", &stage.ports.provider.to_string()]);
    command.args(["--count", &stage.plan.sign_ups.to_string()]);
    command.args(["--loops", &USERS.to_string(), "--password", PASSWORD]);
    let result: Value = serde_json::from_str(&output(&mut command)?)?;
    series.push("cardea strangers log bytes", size(stage, "-wal")?);
    series.push("cardea strangers peak MB", server.peak_memory()?);
    server.stop()?;
    let (rows_after, size_after) = (rows(stage)?, size(stage, "")?);
    let sent = number(&rows_after, "outbox_written")?;
    // Otherwise the bound was not tested: nearly all were refused before they reached the store.
    if sent < f64::from(stage.plan.sign_ups) / 2.0 {
        bail!(
            "only {sent} mails of {} sign-ups were written",
            stage.plan.sign_ups
        );
    }
    let more = number(&rows_after, "rows")? - number(&rows_before, "rows")?;
    series.push("cardea strangers rows", more);
    series.push("cardea strangers bytes", size_after - size_before);
    series.push("cardea strangers mails", sent);
    for (name, member) in [
        ("cardea sign-up", "sign_ups_per_second"),
        ("cardea sign-up p99 ms", "sign_up_p99_ms"),
    ] {
        series.push(name, number(&result, member)?);
    }
    Ok(())
}

/// The load is the proxy, so that each sign-up has a network. There is no mail server at the port.
fn open_to_strangers(stage: &Stage) -> String {
    let defaults = defaults(stage.ports, STRANGERS_STORE);
    format!(
        r#"{defaults}
[proxy]
trusted = ["127.0.0.1"]

[sign_up]
mode = "open"

[mail]
url = "smtp://127.0.0.1:{}"
from = "no-reply@example.com"
"#,
        stage.ports.upstream
    )
}

/// The rows of the strangers' store, while it is not served.
fn rows(stage: &Stage) -> Result<Value> {
    let mut command = Command::new(&stage.programs.load);
    command.arg("rows").arg("--database");
    let text = output(command.arg(stage.file(STRANGERS_STORE)))?;
    Ok(serde_json::from_str(&text)?)
}

/// The bytes of a file of that store.
fn size(stage: &Stage, suffix: &str) -> Result<f64> {
    let file = stage.file(&format!("{STRANGERS_STORE}{suffix}"));
    Ok(std::fs::metadata(file)?.len() as f64)
}

/// The last measurement, since the store is large from then on.
pub(super) fn many(stage: &Stage, series: &mut Series) -> Result<()> {
    let server = stage.start(System::Cardea, Cores::Server)?;
    let first = IMPORTED.min(stage.plan.users);
    println!("importing {} users", stage.plan.users);
    let took = import(stage, &[], first)?;
    series.push("cardea import s", took.as_secs_f64());
    if stage.plan.users > first {
        import(
            stage,
            &["--from", &first.to_string()],
            stage.plan.users - first,
        )?;
    }
    let mut command = pinned(Cores::Load, &stage.programs.load);
    command
        .arg("find-users")
        .args(["--users", &stage.plan.users.to_string()]);
    command.arg("--socket").arg(stage.file("cardea.db.sock"));
    let found: Value = serde_json::from_str(&output(&mut command)?)?;
    if let Some(search) = found.get("slowest_search") {
        println!("the slowest search: {search}");
    }
    for (series_name, member) in [
        ("cardea show user p99 ms", "show_p99_ms"),
        ("cardea list users p99 ms", "list_p99_ms"),
        ("cardea search users p99 ms", "search_p99_ms"),
    ] {
        series.push(series_name, number(&found, member)?);
    }
    server.stop()
}

/// Writes a file of users and imports it into the running provider; returns what the import took.
fn import(stage: &Stage, arguments: &[&str], count: u32) -> Result<Duration> {
    let file = stage.file("users.jsonl");
    let mut write = Command::new(&stage.programs.load);
    write.args(["users-file", "--count", &count.to_string()]);
    output(write.args(arguments).arg("--out").arg(&file))?;
    let began = Instant::now();
    let mut import = pinned(Cores::Load, &stage.programs.cardea);
    import.args(["user", "import"]).arg(&file);
    import.args(["--config", "cardea.toml", "--json"]);
    import.current_dir(stage.folder());
    let report: Value = serde_json::from_str(&output(&mut import)?)?;
    let took = began.elapsed();
    if number(&report, "added")? < f64::from(count) {
        bail!("not all of {count} users were imported: {report}");
    }
    Ok(took)
}
