//! Questions on the terminal.

use std::io::{IsTerminal as _, Read as _, Write as _, stderr, stdin};

use anyhow::{Context, bail};
use cardea_seal::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::output::escaped;

/// No password is longer.
const MAX_LINE_BYTES: u64 = 4096;

/// Asks before something is lost, unless `--yes` is set. Without a terminal that is an error.
pub(crate) fn confirm(question: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        bail!("this cannot be undone, and there is no terminal to confirm it on: add --yes");
    }
    ask(&format!("{question} [y/N] "))?;
    match line()?.expose().trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => bail!("nothing was changed"),
    }
}

/// A new password: from the terminal without echo, twice, or the first line of standard input.
pub(crate) fn new_password(from_stdin: bool) -> anyhow::Result<Secret<String>> {
    if from_stdin {
        return secret_line();
    }
    if !stdin().is_terminal() {
        bail!(
            "there is no terminal to ask for the password: write it to standard input, and add --password-stdin"
        );
    }
    let hidden = Hidden::begin()?;
    ask("New password: ")?;
    let first = line()?;
    ask("\nOnce more:    ")?;
    let second = line()?;
    drop(hidden);
    ask("\n")?;
    if first.expose() != second.expose() {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(first)
}

/// The first line of standard input, for `--secret-stdin`.
pub(crate) fn secret_line() -> anyhow::Result<Secret<String>> {
    line().context("standard input")
}

fn ask(text: &str) -> std::io::Result<()> {
    let mut out = stderr().lock();
    out.write_all(escaped(text).as_bytes())?;
    out.flush()
}

fn line() -> anyhow::Result<Secret<String>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    // Byte by byte: what follows the line is left for other readers.
    let mut input = stdin().lock().take(MAX_LINE_BYTES);
    while input.read(&mut byte)? == 1 && byte != *b"\n" {
        bytes.extend(byte);
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    match String::from_utf8(bytes) {
        Ok(line) => Ok(Secret::new(line)),
        Err(_) => bail!("what was typed is not UTF-8"),
    }
}

/// A terminal that doesn't show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> anyhow::Result<Self> {
        let before = tcgetattr(stdin()).context("the terminal")?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &hidden).context("the terminal")?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // It fails only when the terminal is gone.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}
