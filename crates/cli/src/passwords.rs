//! `cardea passwords`

use std::{
    io::{IsTerminal as _, Write as _, stderr},
    path::Path,
};

use anyhow::Context as _;
use serde_json::json;

use crate::{
    commands::{PasswordsCommand, PasswordsVerb},
    output::Output,
};

pub(crate) fn run(command: &PasswordsCommand, out: Output) -> anyhow::Result<()> {
    match &command.verb {
        PasswordsVerb::BuildFilter { input, output } => build(input, output, out),
    }
}

fn build(input: &Path, output: &Path, out: Output) -> anyhow::Result<()> {
    let named = || input.display().to_string();
    let length = std::fs::metadata(input).with_context(named)?.len().max(1);
    let is_shown = stderr().is_terminal();
    let mut progress = |read: u64| {
        if is_shown {
            // A terminal that is gone stops nothing.
            let _ = write!(
                stderr().lock(),
                "\r{} % read …",
                read.saturating_mul(100) / length
            );
        }
    };
    let count = cardea_server::build_filter(input, output, &mut progress);
    if is_shown {
        let _ = write!(stderr().lock(), "\r\x1b[K");
    }
    let count = count.with_context(named)?;
    let answer = json!({ "filter": output, "passwords": count });
    out.answer(&answer, |_| {
        let file = output.display();
        format!(
            "{file} has {count} passwords. Use it with [passwords] breached_filter = \"{file}\"."
        )
    })
}
