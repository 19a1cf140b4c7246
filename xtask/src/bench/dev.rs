//! The start of `cardea dev` as a user sees it: from the command to the 200 of the printed curl line.

use std::{fs::File, path::Path, process::Command};

use anyhow::Result;

use super::{
    series::Series,
    server::{Cores, Server, pinned},
    stage::Stage,
};
use crate::command::output;

/// On both cores, as on a developer's machine: first in an empty folder, then in the existing one.
pub(super) fn measure(stage: &Stage, series: &mut Series) -> Result<()> {
    let data = stage.file("dev");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    for name in ["dev first s", "dev second s"] {
        series.push(name, start(stage, &data)?);
    }
    Ok(())
}

fn start(stage: &Stage, data: &Path) -> Result<f64> {
    let said = stage.file("dev.txt");
    let mut command = pinned(Cores::Both, &stage.programs.cardea);
    command.args(["dev", "--port", &stage.ports.provider.to_string()]);
    command.arg("--data").arg(data);
    command.stdout(File::create(&said)?);
    command.stderr(File::create(stage.file("dev-log.txt"))?);
    let ready = || {
        let said = std::fs::read_to_string(&said).unwrap_or_default();
        curl_line(&said).is_some_and(answers)
    };
    let server = Server::start_until(command, ready)?;
    let seconds = server.ready_after.as_secs_f64();
    server.stop()?;
    Ok(seconds)
}

/// The line to paste into a shell, once it is complete.
fn curl_line(said: &str) -> Option<&str> {
    let whole = said
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    whole.map(str::trim).find(|line| line.starts_with("curl "))
}

/// Runs the line in a shell.
fn answers(line: &str) -> bool {
    let quiet = "--silent --max-time 5 --output /dev/null --write-out '%{http_code}'";
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{line} {quiet}"));
    output(&mut shell).is_ok_and(|status| status == "200")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curl_line_is_taken_when_it_has_come_to_its_end() {
        let line = "curl -H \"Authorization: Bearer a.b.c\" http://localhost:4000/orders";
        let said = format!("DEVELOPMENT\n\n  {line}\n\nWithout -H that is 401.\n");
        assert_eq!(curl_line(&said), Some(line));
        assert_eq!(curl_line(said.split_at(60).0), None);
        assert_eq!(curl_line(""), None);
    }
}
