//! `cardea client`

use anyhow::bail;
use cardea_server::admin::types::{Client, ClientPatch, List, NewClient};
use cardea_web::config::SecretText;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;

use super::{
    Desk, Done,
    options::{Options, in_options},
    pairs,
};
use crate::{
    admin::segment,
    commands::PageOptions,
    config::Run,
    output::{Columns, details, word},
    terminal::{confirm, secret_line},
};

const FIRST: &[&str] = &[
    "client_id",
    "client_name",
    "status",
    "owner",
    "created_at",
    "application_type",
    "token_endpoint_auth_method",
    "grant_types",
    "redirect_uris",
    "post_logout_redirect_uris",
    "scope",
];

/// The members of metadata that have options of their own.
const OPTIONS: Options = &[
    ("client_name", "--name"),
    ("token_endpoint_auth_method", "--auth-method"),
    ("grant_types", "--grant-type"),
    ("redirect_uris", "--redirect-uri"),
    ("post_logout_redirect_uris", "--post-logout-redirect-uri"),
    ("backchannel_logout_uri", "--backchannel-logout-uri"),
    ("scope", "--scope"),
    ("client_id", "the client id"),
    ("client_secret", "the client secret"),
];

/// Clients: applications that log users in, or that call APIs on their own behalf.
///
/// A client of the configuration file is read-only here: it is changed in the file.
#[derive(Args)]
pub(crate) struct ClientCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the clients.
    #[command(after_help = "Example:\n  cardea client list --json | jq -r '.items[].client_id'")]
    List(PageOptions),
    /// Show everything about a client but its secret, of which only a hash is kept.
    #[command(after_help = "Example:\n  cardea client show spa")]
    Show(Id),
    /// Add a client. One that authenticates by a secret is given a new one, which is shown once.
    #[command(after_help = "Examples:
  An application in the browser or on a phone:
    cardea client add spa --auth-method none --redirect-uri https://app.example.com/callback \\
      --grant-type authorization_code --grant-type refresh_token --scope \"openid profile\"
  An application on a server:
    cardea client add backend --name \"Orders\" --redirect-uri https://app.example.com/callback
  A machine:
    cardea client add nightly --grant-type client_credentials --scope orders:read")]
    Add(AddOptions),
    /// Change a client. Only the members that are given change; a list is replaced as a whole.
    #[command(after_help = "Examples:
  cardea client set spa --redirect-uri https://app.example.com/callback --redirect-uri https://beta.example.com/callback
  cardea client set spa --set require_nonce=true --set access_token_format=opaque
  cardea client set spa --set default_max_age=null        (back to the default)")]
    Set(SetOptions),
    /// Remove a client with its consents and grants: its tokens stop working.
    #[command(after_help = "Example:\n  cardea client remove nightly --yes")]
    Remove(RemoveOptions),
    /// Enable a disabled client.
    #[command(after_help = "Example:\n  cardea client enable spa")]
    Enable(Id),
    /// Refuse a client's requests and tokens until it is enabled again; nothing is lost.
    #[command(after_help = "Example:\n  cardea client disable spa")]
    Disable(Id),
    /// Give a client a new secret, shown once. The old one stops working immediately.
    #[command(
        after_help = "Example:\n  cardea client secret backend --json | jq -r .client_secret"
    )]
    Secret(Id),
}

#[derive(Args)]
struct Id {
    /// The client_id.
    #[arg(allow_hyphen_values = true)]
    id: String,
}

#[derive(Args)]
struct AddOptions {
    /// The client_id: 1 to 128 printable ASCII characters, such as `spa`.
    #[arg(allow_hyphen_values = true)]
    id: String,
    #[command(flatten)]
    metadata: Metadata,
    /// Read the secret from the first line of standard input, at least 32 bytes. Without it one is made, and shown once.
    #[arg(long)]
    secret_stdin: bool,
}

#[derive(Args)]
struct SetOptions {
    /// The client_id.
    #[arg(allow_hyphen_values = true)]
    id: String,
    #[command(flatten)]
    metadata: Metadata,
}

#[derive(Args)]
struct RemoveOptions {
    /// The client_id.
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

#[derive(Args)]
struct Metadata {
    /// The name shown at login and consent.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How it authenticates: none, client_secret_basic (the default), client_secret_post, private_key_jwt.
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// A grant type: authorization_code (the default), refresh_token, client_credentials. Can be repeated.
    #[arg(long, value_name = "TYPE")]
    grant_type: Vec<String>,
    /// Where a browser may be sent with a code. Can be repeated.
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Where a browser may be sent after logout. Can be repeated.
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// Where it is notified that a session of its users has ended.
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// The scopes that it may ask for, separated by spaces; the default is openid.
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    /// Any other member of client metadata, by its name in the configuration reference. Can be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl Metadata {
    fn members(self) -> anyhow::Result<ClientPatch> {
        let mut members = pairs(&self.set, "--set")?;
        if members.contains_key("client_secret") {
            bail!(
                "--set client_secret: other users of this machine can read the arguments of a process. Leave it out, and a secret is \
                 made and shown once; or give one on standard input: cardea client add NAME --secret-stdin"
            );
        }
        let texts = [
            ("client_name", self.name),
            ("token_endpoint_auth_method", self.auth_method),
            ("scope", self.scope),
            ("backchannel_logout_uri", self.backchannel_logout_uri),
        ];
        let lists = [
            ("grant_types", self.grant_type),
            ("redirect_uris", self.redirect_uri),
            ("post_logout_redirect_uris", self.post_logout_redirect_uri),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name, Value::from(text?))));
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        let lists = lists.map(|(name, list)| (name, Value::from(list)));
        members.extend(texts.chain(lists).map(|(name, v)| (name.to_owned(), v)));
        Ok(ClientPatch(members))
    }
}

impl ClientCommand {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let out = run.out;
        let Self { verb } = self;
        // Before anything is opened.
        if let Verb::Remove(options) = &verb {
            let id = &options.id;
            confirm(
                &format!("Remove the client {id} with its consents and grants?"),
                options.yes,
            )?;
        }
        let desk = Desk::open(run).await?;
        match verb {
            Verb::List(page) => list(&desk, page).await,
            Verb::Show(Id { id }) => {
                let client: Client = desk.admin.get(&path(&id)).await?;
                out.answer(&client, |client| details(client, FIRST))
            }
            Verb::Add(options) => add(&desk, options).await,
            Verb::Set(options) => set(&desk, options).await,
            Verb::Remove(options) => {
                let id = &options.id;
                desk.admin.send::<()>(Method::DELETE, &path(id)).await?;
                out.answer(&Done::Removed(id), |_| format!("Removed the client {id}."))
            }
            Verb::Enable(Id { id }) => act(&desk, &id, "enable", "Enabled").await,
            Verb::Disable(Id { id }) => act(&desk, &id, "disable", "Disabled").await,
            Verb::Secret(Id { id }) => act(&desk, &id, "secret", "Made a new secret for").await,
        }
    }
}

async fn list(desk: &Desk, page: PageOptions) -> anyhow::Result<()> {
    let clients: List<Client> = desk.admin.get(&page.of("/clients")?).await?;
    let columns = Columns {
        names: &[
            "CLIENT",
            "NAME",
            "STATUS",
            "OWNER",
            "AUTHENTICATION",
            "GRANT TYPES",
        ],
        row: |client: &Client| {
            let metadata = &client.metadata;
            vec![
                metadata.client_id.clone(),
                word(&metadata.client_name),
                word(&client.status),
                word(&client.owner),
                word(&metadata.token_endpoint_auth_method),
                word(&metadata.grant_types),
            ]
        },
        empty: "There are no clients yet. Add one: cardea client add --help",
    };
    desk.out.list(&clients, &columns)
}

async fn add(desk: &Desk, options: AddOptions) -> anyhow::Result<()> {
    let members = options.metadata.members()?;
    let client_secret = match options.secret_stdin {
        true => Some(SecretText::new(secret_line()?.expose().clone())),
        false => None,
    };
    let new = NewClient {
        client_id: options.id,
        client_secret,
        members,
    };
    let added = desk.admin.send_json(Method::POST, "/clients", &new).await;
    let client: Client = added.map_err(|e| in_options(e, OPTIONS, "--set"))?;
    desk.out.answer(&client, |client| changed("Added", client))
}

async fn set(desk: &Desk, options: SetOptions) -> anyhow::Result<()> {
    let changes = options.metadata.members()?;
    if changes.0.is_empty() {
        bail!("no change was given; cardea client set --help lists the options");
    }
    let path = path(&options.id);
    let changed_client = desk.admin.send_json(Method::PATCH, &path, &changes).await;
    let client: Client = changed_client.map_err(|e| in_options(e, OPTIONS, "--set"))?;
    desk.out
        .answer(&client, |client| changed("Changed", client))
}

async fn act(desk: &Desk, id: &str, verb: &str, did: &str) -> anyhow::Result<()> {
    let path = format!("{}/{verb}", path(id));
    let client: Client = desk.admin.send(Method::POST, &path).await?;
    desk.out.answer(&client, |client| changed(did, client))
}

/// The answer to a change, with the secret if one was made.
fn changed(did: &str, client: &Client) -> String {
    let id = &client.metadata.client_id;
    let done = match &client.client_secret {
        None => format!("{did} the client {id}."),
        Some(secret) => format!(
            "{did} the client {id}.\n\n  client_secret   {secret}\n\nKeep it now: it is shown once, and only its hash is stored."
        ),
    };
    client.warnings.iter().fold(done, |text, warning| {
        format!("{text}\n\nwarning: {warning}")
    })
}

fn path(id: &str) -> String {
    format!("/clients/{}", segment(id))
}
