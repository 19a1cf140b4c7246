//! Where the log goes: to standard error, for people or for machines.

use tracing_subscriber::{EnvFilter, fmt};

use crate::commands::Command;

/// Why something was refused is what somebody who develops wants to know.
const HUMAN: &str = "warn,cardea_server=info,cardea_resource=info,cardea_client=info,cardea_server::start=warn,cardea_server::keys=warn";

/// How a line looks, and how much is told.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    /// For a terminal.
    #[cfg_attr(
        not(feature = "dev"),
        expect(dead_code, reason = "only `cardea dev` speaks to people")
    )]
    Human,
    /// One JSON document a line.
    Json,
    /// For commands that print their answer: only what went wrong.
    Quiet,
}

impl Format {
    /// That of a command.
    pub(crate) fn of(command: &Command) -> Self {
        match command {
            #[cfg(feature = "dev")]
            Command::Dev(_) => Self::Human,
            Command::Serve(_) | Command::Gateway(_) => Self::Json,
            _ => Self::Quiet,
        }
    }
}

/// Starts the log. `filter` is in the syntax of tracing's EnvFilter.
pub(crate) fn start(format: Format, filter: Option<&str>) -> anyhow::Result<()> {
    let default = match format {
        Format::Human => HUMAN,
        Format::Json => "info",
        Format::Quiet => "warn",
    };
    let filter = EnvFilter::try_new(filter.unwrap_or(default))
        .map_err(|e| anyhow::anyhow!("--log: {e}; write it like info or cardea_server=debug"))?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Human | Format::Quiet => builder.with_target(false).init(),
        Format::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .init(),
    }
    Ok(())
}
