//! `cardea migrate`

use anyhow::Context;
use cardea_store::sqlite;
use serde_json::json;

use crate::{
    commands::MigrateOptions,
    config::{self, Environment, database, same_user},
    output::Output,
};

/// Applies what is pending.
pub(crate) fn run(
    options: &MigrateOptions,
    environment: Environment,
    out: Output,
) -> anyhow::Result<()> {
    let config = config::read(&options.config.config, environment)?;
    let path = database(&config)?;
    same_user(&path)?;
    let new = !path.exists();
    let applied = sqlite::migrate(&path).context("nothing was migrated")?;
    let file = path.display();
    let answer = json!({ "database": path, "new": new, "applied": applied });
    out.answer(&answer, |_| match applied.as_slice() {
        [] => format!("{file} is up to date."),
        applied if new => format!("Made {file}, and applied {}.", applied.join(", ")),
        applied => format!("Applied to {file}: {}.", applied.join(", ")),
    })
}
