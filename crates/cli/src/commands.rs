//! The command line: what there is to type, and what each thing means.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::operate::{
    client::ClientCommand, grant::GrantCommand, key::KeyCommand, session::SessionCommand,
    user::UserCommand,
};

/// Cardea, an OpenID Connect provider in one binary.
#[derive(Parser)]
#[command(
    name = "cardea",
    version,
    about = "Cardea, an OpenID Connect provider in one binary.",
    long_about = "Cardea, an OpenID Connect provider in one binary.\n\n\
                  To look at it:    cardea dev\n\
                  To run it:        cardea check --config cardea.toml\n                  \
                                    cardea serve --config cardea.toml\n\
                  To work with it:  cardea user add alice\n                  \
                                    cardea client add spa --auth-method none --redirect-uri https://app.example.com/callback\n                  \
                                    cardea key list",
    after_help = "The commands from client to key talk to the running provider by the socket beside its database; when \
                  none runs they work on the database themselves.",
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cardea {
    /// What to log, such as `info`, `debug` or `cardea_server=debug`.
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "CARDEA_LOG",
        help_heading = "Everywhere"
    )]
    pub(crate) log: Option<String>,
    /// Print JSON, for programs.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    #[cfg(feature = "dev")]
    Dev(DevOptions),
    Serve(ServeOptions),
    Gateway(GatewayOptions),
    Check(CheckOptions),
    Migrate(MigrateOptions),
    Client(ClientCommand),
    User(UserCommand),
    Session(SessionCommand),
    Grant(GrantCommand),
    Key(KeyCommand),
}

/// Run a provider, an API and two apps on this machine with demo people and clients, to look at and to develop against.
///
/// When all is ready it says where, and prints a curl line with an access token. It listens on loopback alone, and says DEVELOPMENT
/// everywhere: its passwords and secrets are in the documentation. Where another program has the port of the API or of an app, that
/// one moves to the next free port.
#[cfg(feature = "dev")]
#[derive(Args)]
#[command(
    after_help = "Examples:\n  cardea dev --data ~/.cardea-dev\n  cardea dev --gateway --data ~/.cardea-dev"
)]
pub(crate) struct DevOptions {
    /// The port of the provider.
    #[arg(long, default_value_t = 9000, conflicts_with = "gateway")]
    pub(crate) port: u16,
    /// Where to keep keys and data; the default is a folder for temporary files, emptied at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Put all behind one gateway at https://localhost:8443, or at this port, with an authority made for it.
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "8443")]
    pub(crate) gateway: Option<u16>,
}

/// Run the provider of a configuration file.
///
/// It applies pending migrations, applies the clients and people of the file, and serves until SIGTERM or Ctrl-C; what is
/// under way then is finished. Its log goes to standard error, one JSON document a line.
#[derive(Args)]
#[command(
    after_help = "Example:\n  openssl rand -base64 32 > master.key\n  cardea serve --config /etc/cardea/cardea.toml"
)]
pub(crate) struct ServeOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOption,
}

/// Run the gateway of a configuration file: TLS and one address before the provider, the APIs and the apps.
///
/// It serves until SIGTERM or Ctrl-C; what is under way then is finished. SIGHUP, or a change of the file, takes the
/// configuration anew without losing a connection; a file that can't be is told in the log, and the old one stays. Its log goes to
/// standard error, one JSON document a line.
#[derive(Args)]
#[command(after_help = "Example:\n  cardea gateway --config /etc/cardea/gateway.toml")]
pub(crate) struct GatewayOptions {
    /// The configuration file; paths in it are relative to it.
    #[arg(long, value_name = "FILE", default_value = "gateway.toml")]
    pub(crate) config: PathBuf,
}

/// Look whether everything is as it should be, and say what to do where it isn't.
///
/// Looks at the configuration (all of its errors), the issuer, the address to listen at, TLS, the store, the master key, the
/// signing keys, the clients and the clock. It changes nothing, and runs beside a running provider. Its exit code is 1 when
/// there is a problem, 0 when there are none but warnings.
#[derive(Args)]
#[command(
    after_help = "Example:\n  cardea check --config cardea.toml && cardea serve --config cardea.toml"
)]
pub(crate) struct CheckOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOption,
}

/// Bring the database up to this version of Cardea, and say what was applied.
///
/// `serve` does it too, at its start; this is for those who want to see it done before. Make a copy of the database first.
#[derive(Args)]
#[command(after_help = "Example:\n  cardea migrate --config cardea.toml")]
pub(crate) struct MigrateOptions {
    #[command(flatten)]
    pub(crate) config: ConfigOption,
}

#[derive(Args)]
pub(crate) struct ConfigOption {
    /// The configuration file; paths in it are relative to it.
    #[arg(
        long,
        global = true,
        help_heading = "Everywhere",
        value_name = "FILE",
        default_value = "cardea.toml"
    )]
    pub(crate) config: PathBuf,
}

/// Which part of a list.
#[derive(Args)]
pub(crate) struct PageOptions {
    /// How many to list, at most 500.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) limit: u32,
    /// How many to pass over.
    #[arg(long, default_value_t = 0)]
    pub(crate) offset: u32,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "commands_tests.rs"]
mod tests;
