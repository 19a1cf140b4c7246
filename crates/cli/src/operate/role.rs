//! `cardea role`

use anyhow::bail;
use cardea_server::admin::types::{List, NewRole, Role, RolePatch, RoleQuery};
use clap::{Args, Subcommand};
use http::Method;

use super::{Desk, Done, options::Options};
use crate::{
    admin::{segment, with_query},
    config::Run,
    operate::options::in_options,
    output::{Columns, word},
    terminal::confirm,
};

/// The members of the document and the options that set them.
const OPTIONS: Options = &[
    ("name", "NAME"),
    ("client", "--client"),
    ("permissions", "--permission"),
];

/// Roles: named sets of permissions. Users have roles by `cardea user set`, by groups and in organizations.
#[derive(Args)]
pub(crate) struct RoleCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the roles, by name.
    #[command(after_help = "Example:\n  cardea role list")]
    List,
    /// Show a role.
    #[command(after_help = "Example:\n  cardea role show manager")]
    Show(Which),
    /// Add a role.
    #[command(after_help = "Examples:
  cardea role add manager --permission orders:read --permission orders:approve
  cardea role add editor --client cms --permission pages:write        (only in the tokens of this client)")]
    Add(AddOptions),
    /// Change what a role allows. It is in the next tokens, and at once where tokens are introspected.
    #[command(after_help = "Examples:
  cardea role set manager --add-permission orders:cancel --remove-permission orders:approve
  cardea role set manager --permission orders:read        (in place of all permissions)")]
    Set(SetOptions),
    /// Remove a role. Users keep its name, which allows nothing then.
    #[command(after_help = "Example:\n  cardea role remove manager --yes")]
    Remove(RemoveOptions),
}

#[derive(Args)]
struct Which {
    /// The name.
    #[arg(allow_hyphen_values = true)]
    name: String,
    /// The role of this client; without it the one of all clients.
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
}

#[derive(Args)]
struct AddOptions {
    #[command(flatten)]
    which: Which,
    /// What it allows, such as orders:approve. Can be repeated.
    #[arg(long, value_name = "PERMISSION")]
    permission: Vec<String>,
}

#[derive(Args)]
struct SetOptions {
    #[command(flatten)]
    which: Which,
    /// What it allows, in place of all that it does. Can be repeated.
    #[arg(long, value_name = "PERMISSION", conflicts_with_all = ["add_permission", "remove_permission"])]
    permission: Vec<String>,
    /// A permission to add. Can be repeated.
    #[arg(long, value_name = "PERMISSION")]
    add_permission: Vec<String>,
    /// A permission to remove. Can be repeated.
    #[arg(long, value_name = "PERMISSION")]
    remove_permission: Vec<String>,
    /// Remove all permissions.
    #[arg(long, conflicts_with_all = ["permission", "add_permission", "remove_permission"])]
    no_permissions: bool,
}

#[derive(Args)]
struct RemoveOptions {
    #[command(flatten)]
    which: Which,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

impl RoleCommand {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let out = run.out;
        if let Verb::Remove(RemoveOptions { which, yes }) = &self.verb {
            confirm(&format!("Remove the role {}?", which.name), *yes)?;
        }
        let desk = Desk::open(run).await?;
        match self.verb {
            Verb::List => list(&desk).await,
            Verb::Show(which) => {
                let role: Role = desk.admin.get(&which.path()?).await?;
                out.answer(&role, details)
            }
            Verb::Add(AddOptions { which, permission }) => {
                let new = NewRole {
                    name: which.name,
                    client: which.client,
                    permissions: permission,
                };
                let added = desk.admin.send_json(Method::POST, "/roles", &new).await;
                let role: Role = added.map_err(|e| in_options(e, OPTIONS, "the member"))?;
                out.answer(&role, |role| format!("Added the role {}.", role.name))
            }
            Verb::Set(options) => set(&desk, options).await,
            Verb::Remove(RemoveOptions { which, .. }) => {
                desk.admin
                    .send::<()>(Method::DELETE, &which.path()?)
                    .await?;
                let name = &which.name;
                out.answer(&Done::Removed(name), |_| {
                    format!("Removed the role {name}.")
                })
            }
        }
    }
}

impl Which {
    fn path(&self) -> anyhow::Result<String> {
        let client = self.client.clone();
        let path = format!("/roles/{}", segment(&self.name));
        with_query(&path, &RoleQuery { client })
    }
}

async fn set(desk: &Desk, options: SetOptions) -> anyhow::Result<()> {
    let all = options.no_permissions || !options.permission.is_empty();
    if !all && options.add_permission.is_empty() && options.remove_permission.is_empty() {
        bail!("no change was given; cardea role set --help lists the options");
    }
    let changes = RolePatch {
        permissions: all.then_some(options.permission),
        add_permissions: options.add_permission,
        remove_permissions: options.remove_permission,
    };
    let path = options.which.path()?;
    let changed = desk.admin.send_json(Method::PATCH, &path, &changes).await;
    let role: Role = changed.map_err(|e| in_options(e, OPTIONS, "the member"))?;
    desk.out
        .answer(&role, |role| format!("Changed the role {}.", role.name))
}

async fn list(desk: &Desk) -> anyhow::Result<()> {
    let roles: List<Role> = desk.admin.get("/roles").await?;
    let columns = Columns {
        names: &["NAME", "CLIENT", "OWNER", "PERMISSIONS"],
        row: |role: &Role| {
            vec![
                role.name.clone(),
                word(&role.client),
                word(&role.owner),
                word(&role.permissions),
            ]
        },
        empty: "There are no roles yet. Add one: cardea role add manager --permission orders:approve",
    };
    desk.out.list(&roles, &columns)
}

fn details(role: &Role) -> String {
    let mut text = format!("{}\n", role.name);
    if let Some(client) = &role.client {
        text.push_str(&format!("only in the tokens of {client}\n"));
    }
    match role.permissions.is_empty() {
        true => text.push_str("allows nothing\n"),
        false => role
            .permissions
            .iter()
            .for_each(|p| text.push_str(&format!("  {p}\n"))),
    }
    text
}
