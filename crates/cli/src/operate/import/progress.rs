//! How far a long command is, for a reader at a terminal.

use std::{
    io::{IsTerminal as _, Write as _, stderr},
    time::{Duration, Instant},
};

const EVERY: Duration = Duration::from_millis(500);

pub(crate) struct Progress {
    is_shown: bool,
    done: u64,
    shown_at: Instant,
}

impl Progress {
    pub(crate) fn begin() -> Self {
        Self {
            is_shown: stderr().is_terminal(),
            done: 0,
            shown_at: Instant::now(),
        }
    }

    /// One more is done.
    pub(crate) fn step(&mut self) -> anyhow::Result<()> {
        self.done += 1;
        if self.is_shown && self.shown_at.elapsed() >= EVERY {
            self.shown_at = Instant::now();
            write!(stderr().lock(), "\r{} done …", self.done)?;
        }
        Ok(())
    }

    /// A line beside the progress.
    pub(crate) fn say(&self, line: &str) -> anyhow::Result<()> {
        let start = if self.is_shown { "\r\x1b[K" } else { "" };
        Ok(writeln!(stderr().lock(), "{start}{line}")?)
    }

    pub(crate) fn end(&self) -> anyhow::Result<()> {
        if self.is_shown {
            write!(stderr().lock(), "\r\x1b[K")?;
        }
        Ok(())
    }
}
