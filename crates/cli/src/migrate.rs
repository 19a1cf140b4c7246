//! `cardea migrate`

use anyhow::Context;
use cardea_store::sqlite;
use cardea_web::log::LogWriter;
use serde_json::json;

use crate::{
    config::{self, DEFAULT_FILE, Run, database, same_user},
    logging,
};

/// Applies what is pending. What it takes is written to standard error before it begins.
pub(crate) fn run(run: Run, log: &LogWriter) -> anyhow::Result<()> {
    let config = config::read(&run.file_or(DEFAULT_FILE), run.environment)?;
    let path = database(&config)?;
    same_user(&path)?;
    let new = !path.exists();
    let applied = sqlite::migrate_reporting(&path, |report| {
        logging::complain(log, &report.to_string());
    });
    let applied = applied.context("nothing was migrated")?;
    let file = path.display();
    let answer = json!({ "database": path, "new": new, "applied": applied });
    run.out.answer(&answer, |_| match applied.as_slice() {
        [] => format!("{file} is up to date."),
        applied if new => format!("Made {file}, and applied {}.", applied.join(", ")),
        applied => format!("Applied to {file}: {}.", applied.join(", ")),
    })
}
