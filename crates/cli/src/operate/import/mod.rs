//! `cardea user import` and `cardea user export`

mod csv;
mod json_lines;
mod keycloak;
mod progress;
mod source;

use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Write, stdout},
    path::PathBuf,
};

use anyhow::{Context as _, bail};
use cardea_server::admin::types::{
    ExportQuery, ImportOutcome, ImportResults, List, PortableUser, UserImport,
};
use clap::{Args, ValueEnum};
use http::Method;
use serde::Serialize;
use tokio::sync::mpsc;

use self::{progress::Progress, source::Row};
use super::Desk;
use crate::{
    admin::with_query,
    output::{escaped, one_line},
};

/// The administration takes 64 KiB at once.
const BATCH_BYTES: usize = 56 * 1024;
const BATCH_USERS: usize = 200;
/// How many rows are read ahead.
const AHEAD: usize = 1000;
/// How many refusals are printed when there is no report.
const SHOWN: u64 = 20;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// A JSON document a line, as `cardea user export` writes them.
    Jsonl,
    /// The export of a realm of Keycloak, or a file of its users.
    Keycloak,
}

#[derive(Args)]
pub(crate) struct ImportOptions {
    /// The file.
    file: PathBuf,
    /// The form of the file; without it the content decides.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
    /// Write what was refused, and why, to this file: a JSON document a line.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ExportOptions {
    /// With the hashes of the passwords. Whoever reads them can try passwords offline.
    #[arg(long)]
    with_hashes: bool,
}

/// What became of a row that was not added, or what was left out of one that was.
#[derive(Serialize)]
struct Note<'a> {
    /// `line 3`, `user 3`
    place: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    outcome: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
}

/// The sum of an import.
#[derive(Default, Serialize)]
struct Summary {
    dry_run: bool,
    added: u64,
    existing: u64,
    refused: u64,
    /// Rows that were added without a part that Cardea does not have.
    incomplete: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            dry_run,
            added,
            existing,
            refused,
            incomplete,
        } = self;
        let did = if *dry_run { "Would add" } else { "Added" };
        write!(
            f,
            "{did} {added} users; {existing} exist already, {refused} refused."
        )?;
        match incomplete {
            0 => Ok(()),
            _ => write!(f, " Of {incomplete} rows something was left out."),
        }
    }
}

/// Sends the rows of a file in batches, and says what became of each.
struct Import<'a> {
    desk: &'a Desk,
    summary: Summary,
    report: Option<BufWriter<File>>,
    progress: Progress,
    /// The name of each row, by how names were compared until now, with its place.
    seen: HashMap<String, String>,
    batch: Batch,
}

#[derive(Default)]
struct Batch {
    users: Vec<PortableUser>,
    places: Vec<(String, String)>,
    bytes: usize,
}

pub(crate) async fn import(desk: &Desk, options: ImportOptions) -> anyhow::Result<()> {
    let file = &options.file;
    let named = || file.display().to_string();
    let (format, reader) = source::open(file, options.format).with_context(named)?;
    let report = match &options.report {
        Some(path) => {
            let file = File::options().write(true).create_new(true).open(path);
            Some(BufWriter::new(
                file.with_context(|| path.display().to_string())?,
            ))
        }
        None => None,
    };
    let mut import = Import {
        desk,
        summary: Summary {
            dry_run: options.dry_run,
            ..Summary::default()
        },
        report,
        progress: Progress::begin(),
        seen: HashMap::new(),
        batch: Batch::default(),
    };
    let (rows, mut read) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        source::read(format, reader, &mut |row| {
            rows.blocking_send(row)
                .map_err(|_| anyhow::anyhow!("stopped"))
        })
    });
    while let Some(row) = read.recv().await {
        import.take(row).await?;
    }
    import.send().await?;
    // The rows before an unreadable one were imported.
    let outcome = reading.await?.with_context(named);
    let summary = import.end()?;
    desk.out.answer(&summary, ToString::to_string)?;
    outcome?;
    match summary.refused {
        0 => Ok(()),
        refused => bail!("{refused} rows were refused; the others were imported"),
    }
}

impl Import<'_> {
    async fn take(&mut self, row: Row) -> anyhow::Result<()> {
        let Row { place, user, notes } = row;
        let user = match user {
            Ok(user) => user,
            Err(reason) => {
                self.refuse(&place, None, &reason)?;
                return self.progress.step();
            }
        };
        let name = user.username.trim().to_lowercase();
        if let Some(before) = self.seen.get(&name) {
            let reason = format!("The name is that of {before} of this file.");
            self.refuse(&place, Some(&user.username), &reason)?;
            return self.progress.step();
        }
        self.seen.insert(name, place.clone());
        self.summary.incomplete += u64::from(!notes.is_empty());
        for reason in &notes {
            self.note(&place, Some(&user.username), ("incomplete", reason))?;
        }
        let bytes = serde_json::to_vec(&user)?.len() + 1;
        if bytes > BATCH_BYTES {
            self.refuse(
                &place,
                Some(&user.username),
                "The row is longer than 56 KiB.",
            )?;
            return self.progress.step();
        }
        if self.batch.bytes + bytes > BATCH_BYTES || self.batch.users.len() >= BATCH_USERS {
            self.send().await?;
        }
        self.batch.bytes += bytes;
        self.batch.places.push((place, user.username.clone()));
        self.batch.users.push(user);
        Ok(())
    }

    async fn send(&mut self) -> anyhow::Result<()> {
        let Batch { users, places, .. } = std::mem::take(&mut self.batch);
        if users.is_empty() {
            return Ok(());
        }
        let body = UserImport {
            dry_run: self.summary.dry_run,
            users,
        };
        let admin = &self.desk.admin;
        let answer: ImportResults = admin
            .send_json(Method::POST, "/import/users", &body)
            .await?;
        for ((place, name), outcome) in places.iter().zip(answer.results) {
            match outcome {
                ImportOutcome::Added => self.summary.added += 1,
                ImportOutcome::Exists => {
                    self.summary.existing += 1;
                    self.note(place, Some(name), ("exists", ""))?;
                }
                ImportOutcome::Refused { reason } => self.refuse(place, Some(name), &reason)?,
            }
            self.progress.step()?;
        }
        Ok(())
    }

    fn refuse(&mut self, place: &str, name: Option<&str>, reason: &str) -> anyhow::Result<()> {
        self.summary.refused += 1;
        self.note(place, name, ("refused", reason))
    }

    fn note(
        &mut self,
        place: &str,
        username: Option<&str>,
        (outcome, reason): (&str, &str),
    ) -> anyhow::Result<()> {
        let note = Note {
            place,
            username,
            outcome,
            reason,
        };
        if let Some(report) = &mut self.report {
            writeln!(report, "{}", one_line(&note)?)?;
        } else if outcome == "refused" && self.summary.refused <= SHOWN {
            let name = username.map_or_else(String::new, |name| format!(" ({name})"));
            self.progress
                .say(&escaped(&format!("{place}{name}: {reason}")))?;
        }
        Ok(())
    }

    fn end(self) -> anyhow::Result<Summary> {
        self.progress.end()?;
        if let Some(mut report) = self.report {
            report.flush()?;
        }
        Ok(self.summary)
    }
}

/// One user a line, in the order of the names.
pub(crate) async fn export(desk: &Desk, options: ExportOptions) -> anyhow::Result<()> {
    let mut query = ExportQuery {
        limit: 500,
        after: None,
        with_hashes: options.with_hashes,
    };
    loop {
        let path = with_query("/export/users", &query)?;
        let page: List<PortableUser> = desk.admin.get(&path).await?;
        let mut out = stdout().lock();
        for user in &page.items {
            writeln!(out, "{}", one_line(user)?)?;
        }
        out.flush()?;
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(()),
        }
    }
}
