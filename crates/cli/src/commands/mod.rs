//! The command line: all commands and options.

mod shared;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::operate::{
    audit::AuditOptions, client::ClientCommand, grant::GrantCommand, group::GroupCommand,
    invitation::InvitationCommand, key::KeyCommand, org::OrgCommand, role::RoleCommand,
    session::SessionCommand, user::UserCommand,
};

pub(crate) use self::shared::PageOptions;

/// Cardea, an OpenID Connect provider in one binary.
#[derive(Parser)]
#[command(
    name = "cardea",
    version,
    about = "Cardea, an OpenID Connect provider in one binary.",
    long_about = "Cardea, an OpenID Connect provider in one binary.\n\n\
                  To try it:        cardea dev\n\
                  To run it:        cardea check --config cardea.toml\n                  \
                                    cardea serve --config cardea.toml\n\
                  To administer it: cardea user add alice\n                  \
                                    cardea client add spa --auth-method none --redirect-uri https://app.example.com/callback\n                  \
                                    cardea key list",
    after_help = "The commands from client to audit talk to the running provider through the socket beside its database; if \
                  none runs they work on the database themselves.",
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
    /// The configuration file; paths in it are relative to it. The default is cardea.toml, for the gateway gateway.toml.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub(crate) config: Option<PathBuf>,
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
    Mail(MailCommand),
    Passwords(PasswordsCommand),
    Client(ClientCommand),
    User(UserCommand),
    Role(RoleCommand),
    Group(GroupCommand),
    Org(OrgCommand),
    Invitation(InvitationCommand),
    Session(SessionCommand),
    Grant(GrantCommand),
    Key(KeyCommand),
    Audit(AuditOptions),
}

/// Run a provider, an API and two apps on this machine with demo users and clients, to try it and to develop against it.
///
/// When all is ready it prints the addresses and a curl line with an access token. It listens only on loopback, and its pages say
/// DEVELOPMENT: its passwords and secrets are in the documentation. If another program has the port of the API or of an app, that
/// one moves to the next free port. The commands from client to audit work on it while it runs.
///
/// With --config the clients, APIs, users and settings of that file are merged over the demo; its issuer, listen, store, keys and tls
/// are not used.
#[cfg(feature = "dev")]
#[derive(Args)]
#[command(
    after_help = "Examples:\n  cardea dev --client myapp=http://localhost:3000/callback\n  cardea dev --config my-clients.toml\n  \
                  cardea dev --gateway --data ~/.cardea-dev"
)]
pub(crate) struct DevOptions {
    /// The port of the provider.
    #[arg(long, default_value_t = 9000, conflicts_with = "gateway")]
    pub(crate) port: u16,
    /// Where to keep keys and data; the default is a temporary folder, removed at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// A client of your own: a public client with PKCE that may ask for every scope of the demo. Can be repeated; a name of the
    /// demo clients spa and backend replaces that client.
    #[arg(long = "client", value_name = "NAME=REDIRECT_URI", value_parser = OwnClient::parse)]
    pub(crate) clients: Vec<OwnClient>,
    /// Put all parts behind one gateway at https://localhost:8443, or at this port, with a certificate authority made for it.
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "8443")]
    pub(crate) gateway: Option<u16>,
}

/// `--client NAME=REDIRECT_URI`
#[cfg(feature = "dev")]
#[derive(Clone)]
pub(crate) struct OwnClient {
    pub(crate) id: String,
    pub(crate) redirect_uri: String,
}

#[cfg(feature = "dev")]
impl OwnClient {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((id, uri)) if !id.is_empty() && uri.contains(':') => {
                match cardea_server::config::development::own_client_problem(id, uri) {
                    Some(problem) => Err(problem),
                    None => Ok(Self {
                        id: id.to_owned(),
                        redirect_uri: uri.to_owned(),
                    }),
                }
            }
            _ => Err(
                "it needs a name and a redirect URI, such as myapp=http://localhost:3000/callback"
                    .to_owned(),
            ),
        }
    }
}

/// Run the provider of a configuration file.
///
/// It checks the file, applies pending migrations and the clients and users of the file, and serves until SIGTERM or Ctrl-C;
/// requests in progress are finished. SIGHUP reads the certificate again. Its log goes to standard error, one JSON document a line.
/// While there are no users it prints a link to the first account on standard output, for 24 hours and one use; each start replaces it.
#[derive(Args)]
#[command(
    after_help = "Example:\n  openssl rand -base64 32 > master.key\n  cardea serve --config /etc/cardea/cardea.toml"
)]
pub(crate) struct ServeOptions {}

/// Run the gateway of a configuration file: TLS and one address before the provider, the APIs and the apps.
///
/// It serves until SIGTERM or Ctrl-C; requests in progress are finished. SIGHUP, or a change of the file, reloads the
/// configuration without losing a connection; an error in the file is logged, and the old configuration stays. Its log goes to
/// standard error, one JSON document a line.
#[derive(Args)]
#[command(after_help = "Example:\n  cardea gateway --config /etc/cardea/gateway.toml")]
pub(crate) struct GatewayOptions {}

/// Check the configuration and the store, and say what to do about each problem.
///
/// Checks the configuration (all of its errors), the issuer, the address to listen on, TLS, the mail server, the other providers at
/// which users sign in, the store, the master key, the signing keys, the clients and the clock. A gateway's file is checked as such. It changes nothing, and can run beside a provider.
/// Its exit code is 1 when there is a problem, 0 when there are only warnings.
#[derive(Args)]
#[command(
    after_help = "Example:\n  cardea check --config cardea.toml && cardea serve --config cardea.toml"
)]
pub(crate) struct CheckOptions {}

/// Bring the database up to this version of Cardea, and say what was applied.
///
/// `serve` does it too at its start; this command does it separately. Make a copy of the database first.
#[derive(Args)]
#[command(after_help = "Example:\n  cardea migrate --config cardea.toml")]
pub(crate) struct MigrateOptions {}

/// Show mails, and test the mail server.
#[derive(Args)]
pub(crate) struct MailCommand {
    #[command(subcommand)]
    pub(crate) verb: MailVerb,
}

#[derive(Subcommand)]
pub(crate) enum MailVerb {
    /// Print a mail with invented values, as `[brand]` and `[mail] templates` make it. Nothing is sent.
    #[command(
        after_help = "Examples:\n  cardea mail preview password_reset --lang de\n  \
                      cardea mail preview new_device --html > new_device.html"
    )]
    Preview {
        /// The mail, such as password_reset; a wrong name lists all.
        mail: String,
        /// The language: en, de, fr or es.
        #[arg(long, default_value = "en", value_name = "LANGUAGE")]
        lang: String,
        /// Print the HTML part instead of the subject and the text part.
        #[arg(long, conflicts_with = "json")]
        html: bool,
    },
    /// Send a test mail by the mail server of the configuration, at once, and say what it answers.
    #[command(after_help = "Example:\n  cardea mail test you@example.com")]
    Test {
        /// The receiver.
        address: String,
        /// The language: en, de, fr or es.
        #[arg(long, default_value = "en", value_name = "LANGUAGE")]
        lang: String,
    },
}

/// Passwords that are refused.
#[derive(Args)]
pub(crate) struct PasswordsCommand {
    #[command(subcommand)]
    pub(crate) verb: PasswordsVerb,
}

#[derive(Subcommand)]
pub(crate) enum PasswordsVerb {
    /// Make a filter of a list of breached passwords, for `[passwords] breached_filter`.
    ///
    /// The list has a SHA-1 hash in hexadecimal digits a line, with :COUNT or without, in any order, such as the download of Have I
    /// Been Pwned. Of each hash six bytes are kept, so that one password in 280,000 is refused by mistake with a list of a billion.
    /// It takes 64 MiB of memory and, while it runs, twice the room of the filter on the disk.
    #[command(
        after_help = "Example:\n  cardea passwords build-filter pwned-passwords.txt breached.filter"
    )]
    BuildFilter {
        /// The list.
        input: PathBuf,
        /// The filter. One that exists is replaced when the new one is whole.
        output: PathBuf,
    },
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
