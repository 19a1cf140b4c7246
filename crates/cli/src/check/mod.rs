//! `cardea check`: what is wrong, and what to do. It changes nothing.

pub(crate) mod files;
pub(crate) mod outside;
mod store;

use std::{path::Path, process::ExitCode};

use cardea_server::{
    admin::types::{Finding, Level},
    config::{Config, ConfigProblem},
};
use cardea_web::{
    clock::{Clock as _, SystemClock},
    config::ConfigErrors,
};
use serde::Serialize;

use crate::{
    config::{self, DEFAULT_FILE, Run},
    gateway,
};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    ok: bool,
    findings: Vec<Finding>,
}

/// Checks everything, prints the findings, and fails when there is a problem.
pub(crate) async fn run(run: Run) -> anyhow::Result<ExitCode> {
    let (file, out) = (run.file_or(DEFAULT_FILE), run.out);
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let findings = if gateway::is_config(&file, &text) {
        gateway::findings(&file, run).await
    } else {
        match config::read(&file, run.environment) {
            Ok(config) => look(&file, &config).await?,
            Err(errors) => unreadable(&errors),
        }
    };
    let worst = findings.iter().map(|f| f.level).max();
    let report = Report {
        ok: worst != Some(Level::Problem),
        findings,
    };
    out.answer(&report, |report| summary(&report.findings))?;
    Ok(match worst {
        Some(Level::Problem) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

async fn look(file: &Path, config: &Config) -> anyhow::Result<Vec<Finding>> {
    let now = SystemClock.now();
    let mut findings = configuration(file, config, now);
    findings.extend(files::secrets(file, config));
    let served = store::is_served(config).await;
    findings.extend(outside::issuer(config));
    // A port in use is right if this provider runs.
    if let Ok(served) = &served {
        findings.extend(outside::listen(config, *served).await);
    }
    findings.extend(outside::tls(config));
    findings.extend(outside::mail(config).await);
    findings.extend(outside::upstreams(config).await);
    findings.extend(store::look(config, served, now).await);
    Ok(findings)
}

fn unreadable(errors: &ConfigErrors) -> Vec<Finding> {
    let mut findings = findings_of("configuration", errors);
    findings.push(Finding::warning(
        "configuration",
        "nothing else was checked",
        "correct the configuration, and run the check again",
    ));
    findings
}

/// A problem for each error of a file.
pub(crate) fn findings_of(subject: &str, errors: &ConfigErrors) -> Vec<Finding> {
    let errors = errors.errors().iter();
    errors
        .map(|error| {
            let finding = Finding::problem(subject, error.to_string());
            match error.help() {
                Some(help) => finding.advice(help),
                None => finding,
            }
        })
        .collect()
}

fn configuration(file: &Path, config: &Config, now: jiff::Timestamp) -> Vec<Finding> {
    let problems = config.problems(now).into_iter();
    let problems = problems.chain(config.weak_passwords());
    let problems = problems.chain(config.known_hashes());
    let mut findings = Vec::new();
    let problem = |p: ConfigProblem| Finding::problem("configuration", p.to_string());
    bounded(&mut findings, problems.map(problem).collect());
    let is_sound = findings.is_empty();
    let warnings = config.warnings(now).into_iter();
    // What to do is in the warning.
    let warning = |w: ConfigProblem| Finding {
        level: Level::Warning,
        ..Finding::ok("configuration", w.to_string())
    };
    bounded(&mut findings, warnings.map(warning).collect());
    findings.extend(sessions_end_refresh(config, now));
    if is_sound {
        let what = format!(
            "{}: {} client(s), {} API(s), {} user(s)",
            file.display(),
            config.clients.len(),
            config.resources.len(),
            config.users.len()
        );
        findings.push(Finding::ok("configuration", what));
    }
    findings
}

/// What surprises those who refresh seldom: the user is logged out, though the refresh token has not expired.
fn sessions_end_refresh(config: &Config, now: jiff::Timestamp) -> Option<Finding> {
    let clients = config.refreshing_within_sessions(now);
    let mut named: Vec<_> = clients.iter().take(SHOWN).map(String::as_str).collect();
    if clients.len() > SHOWN {
        named.push("…");
    }
    let what = format!(
        "without the scope offline_access, refresh tokens end with the session, after {} without use (sessions.idle_ttl): {}",
        config.sessions.idle_ttl,
        named.join(", ")
    );
    let finding = Finding::ok("clients", what);
    let advice = "for clients that refresh less often, add offline_access to scope, or raise sessions.idle_ttl";
    (!named.is_empty()).then(|| finding.advice(advice))
}

/// How many problems or warnings of the configuration are reported.
const SHOWN: usize = 20;

/// Adds the first of these findings, and how many more there are.
fn bounded(findings: &mut Vec<Finding>, mut more: Vec<Finding>) {
    let hidden = more.len().saturating_sub(SHOWN);
    more.truncate(SHOWN);
    if let Some(last) = more.last().filter(|_| hidden > 0) {
        let what = format!("and {hidden} more; correct these first");
        more.push(Finding {
            what,
            ..last.clone()
        });
    }
    findings.extend(more);
}

fn summary(findings: &[Finding]) -> String {
    let mut text = String::new();
    let width = findings.iter().map(|f| f.subject.len()).max().unwrap_or(0);
    for finding in findings {
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Problem => "PROBLEM",
        };
        let (subject, what) = (&finding.subject, &finding.what);
        text.push_str(&format!("{level:<7}   {subject:<width$}   {what}\n"));
        if let Some(advice) = &finding.advice {
            text.push_str(&format!("{:<7}   {:<width$}   -> {advice}\n", "", ""));
        }
    }
    let count = |level| findings.iter().filter(|f| f.level == level).count();
    let summary = match (count(Level::Problem), count(Level::Warning)) {
        (0, 0) => "No problems.".to_owned(),
        (0, warnings) => format!("No problems, {warnings} warning(s)."),
        (problems, warnings) => format!("{problems} problem(s), {warnings} warning(s)."),
    };
    format!("{text}\n{summary}")
}
