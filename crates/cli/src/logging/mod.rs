//! The log: to standard error, as text or as JSON. Nothing waits for its reader.

mod span_fields;

use std::io::{IsTerminal as _, Write as _};

use cardea_web::log::{LogWriter, Report, Sampler};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, fmt,
    layer::{Context, SubscriberExt as _},
    registry,
    util::SubscriberInitExt as _,
};

use self::span_fields::SpanFields;
use crate::commands::Command;

/// With the reason of each refusal, for developers.
const HUMAN: &str = "warn,cardea_server=info,cardea_refused=info,cardea_resource=info,cardea_client=info,cardea_server::start=warn,cardea_server::keys=warn";

/// How a line looks, and how much is logged.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    /// For a terminal.
    #[cfg_attr(
        not(feature = "dev"),
        expect(dead_code, reason = "only for `cardea dev`")
    )]
    Human,
    /// One JSON document a line.
    Json,
    /// For commands that print an answer: warnings and errors only.
    Quiet,
}

impl Format {
    /// The format of a command's log.
    pub(crate) fn of(command: &Command) -> Self {
        match command {
            #[cfg(feature = "dev")]
            Command::Dev(_) => Self::Human,
            Command::Serve(_) | Command::Gateway(_) => Self::Json,
            _ => Self::Quiet,
        }
    }
}

/// A log that is not started yet: errors of the start are written to it too.
pub(crate) fn writer(format: Format) -> LogWriter {
    LogWriter::stderr(match format {
        Format::Json => Report::Json,
        Format::Human | Format::Quiet => Report::Text,
    })
}

/// Starts the log. `filter` is in the syntax of tracing's EnvFilter.
pub(crate) fn start(
    format: Format,
    filter: Option<&str>,
    writer: &LogWriter,
) -> anyhow::Result<()> {
    let default = match format {
        Format::Human => HUMAN,
        Format::Json => "info",
        Format::Quiet => "warn",
    };
    let filter = EnvFilter::try_new(filter.unwrap_or(default))
        .map_err(|e| anyhow::anyhow!("--log: {e}; write it like info or cardea_server=debug"))?;
    let lines = writer.clone();
    let mut layer = fmt::layer()
        .with_writer(move || lines.clone())
        .log_internal_errors(false);
    if !std::io::stderr().is_terminal() {
        layer = layer.with_ansi(false);
    }
    // Filters of the registry and not of the layer, which would be asked for each span and event again.
    let registry = registry().with(filter).with(Sampled(writer.sampler()));
    match format {
        Format::Human | Format::Quiet => registry.with(layer.with_target(false)).init(),
        Format::Json => {
            let layer = layer.json().flatten_event(true).with_current_span(false);
            registry.with(layer.fmt_fields(SpanFields)).init();
        }
    }
    Ok(())
}

/// Drops lines of a flood. It counts only what the filter lets through.
struct Sampled(Sampler);

impl<S: Subscriber> Layer<S> for Sampled {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.0.takes(event.metadata())
    }
}

/// Writes a text of several lines to standard error as the log does.
pub(crate) fn complain(writer: &LogWriter, text: &str) {
    let mut writer = writer.clone();
    for line in text.lines() {
        // It never fails.
        let _ = writer.write_all(format!("{line}\n").as_bytes());
    }
}
