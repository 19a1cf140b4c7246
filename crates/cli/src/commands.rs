//! The command line: what there is to type, and what each thing means.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Cardea, an OpenID Connect provider in one binary.
#[derive(Parser)]
#[command(
    name = "cardea",
    version,
    about,
    long_about = "Cardea, an OpenID Connect provider in one binary.\n\nTo look at it: cardea dev\nTo run it:     cardea serve --config cardea.toml"
)]
pub(crate) struct Cardea {
    /// What to log, such as `info`, `debug` or `cardea_server=debug`; the default is `info`.
    #[arg(long, global = true, value_name = "FILTER", env = "CARDEA_LOG")]
    pub(crate) log: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a provider on this machine with demo people and clients, to develop against.
    Dev(DevOptions),
    /// Run the provider of a configuration file.
    Serve(ConfigOption),
}

/// Run a provider on this machine with demo people and clients, to develop against.
///
/// It listens on loopback alone, and says DEVELOPMENT everywhere: its passwords and secrets are in the documentation.
#[derive(Args)]
pub(crate) struct DevOptions {
    /// The port of the provider.
    #[arg(long, default_value_t = 9000)]
    pub(crate) port: u16,
    /// Where to keep keys and data; the default is a folder for temporary files, emptied at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ConfigOption {
    /// The configuration file.
    #[arg(long, short, value_name = "FILE", default_value = "cardea.toml")]
    pub(crate) config: PathBuf,
}
