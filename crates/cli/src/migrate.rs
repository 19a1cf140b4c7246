//! `cardea migrate`

use anyhow::Context;
use cardea_store::{postgres, sqlite};
use cardea_web::log::LogWriter;
use serde_json::json;

use crate::{
    config::{self, DEFAULT_FILE, Run},
    database::Database,
    logging,
};

/// Applies what is pending. What it takes is written to standard error before it begins.
pub(crate) async fn run(run: Run, log: &LogWriter) -> anyhow::Result<()> {
    let config = config::read(&run.file_or(DEFAULT_FILE), run.environment)?;
    let database = Database::of(&config)?;
    database.is_ours()?;
    let (new, applied) = match &database {
        Database::File(path) => {
            let new = !path.exists();
            let applied = sqlite::migrate_reporting(path, |report| {
                logging::complain(log, &report.to_string());
            });
            (new, applied.context("nothing was migrated")?)
        }
        Database::Postgres { address, .. } => {
            let new = postgres::is_new(address).await?;
            let applied = postgres::migrate(address).await;
            (new, applied.context("nothing was migrated")?)
        }
    };
    let place = database.to_string();
    let answer = json!({ "database": place, "new": new, "applied": applied });
    run.out.answer(&answer, |_| match applied.as_slice() {
        [] => format!("{place} is up to date."),
        applied if new => format!("Made {place}, and applied {}.", applied.join(", ")),
        applied => format!("Applied to {place}: {}.", applied.join(", ")),
    })
}
