//! Options of several commands.

use clap::Args;

/// Which part of a list.
#[derive(Args)]
pub(crate) struct PageOptions {
    /// How many to list, at most 500.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) limit: u32,
    /// The cursor of the page to list, as the page before has it; without it the first page.
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    pub(crate) after: Option<String>,
}
