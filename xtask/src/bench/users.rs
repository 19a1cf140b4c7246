//! Many users: their import, what an operator reads of them, and logins with a second factor.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use serde_json::Value;

use super::{
    logins::number,
    series::Series,
    server::{Cores, pinned},
    stage::{MFA, PASSWORD, REDIRECT_URI, Stage, System, USERS},
};
use crate::command::output;

/// The users of the row about imports.
const IMPORTED: u32 = 100_000;
/// Users who log in with a code, for each second of the load: each can log in twice within a step.
const WITH_APP: u64 = 40;

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
