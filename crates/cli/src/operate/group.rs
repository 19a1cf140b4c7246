//! `cardea group`

use anyhow::bail;
use cardea_server::admin::types::{Group, List, Member, NewGroup, RolesPatch};
use clap::{Args, Subcommand};
use http::Method;
use serde::Serialize;

use super::{Desk, Done, options::Options};
use crate::{
    admin::segment,
    commands::PageOptions,
    config::Run,
    operate::options::in_options,
    output::{Columns, word},
    terminal::confirm,
};

/// The members of the document and the options that set them.
const OPTIONS: Options = &[("name", "NAME"), ("roles", "--role")];

/// Groups: sets of users, which have the roles of the group.
#[derive(Args)]
pub(crate) struct GroupCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the groups, by name.
    #[command(after_help = "Example:\n  cardea group list")]
    List,
    /// Show a group and its users.
    #[command(after_help = "Example:\n  cardea group show sales")]
    Show(ShowOptions),
    /// Add a group.
    #[command(after_help = "Example:\n  cardea group add sales --role clerk --user alice")]
    Add(AddOptions),
    /// Change the roles of a group, or who is in it. Only what is given changes.
    #[command(after_help = "Examples:
  cardea group set sales --add-user alice --remove-user bob
  cardea group set sales --add-role manager
  cardea group set sales --role clerk        (in place of all roles)")]
    Set(SetOptions),
    /// Remove a group. Its users lose what it gave.
    #[command(after_help = "Example:\n  cardea group remove sales --yes")]
    Remove(RemoveOptions),
}

#[derive(Args)]
struct ShowOptions {
    /// The name.
    #[arg(allow_hyphen_values = true)]
    name: String,
    #[command(flatten)]
    page: PageOptions,
}

#[derive(Args)]
struct AddOptions {
    /// The name, as tokens carry it.
    #[arg(allow_hyphen_values = true)]
    name: String,
    /// A role of its users. Can be repeated.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// A user who is in it, by user name or subject. Can be repeated.
    #[arg(long, value_name = "USER")]
    user: Vec<String>,
}

#[derive(Args)]
struct SetOptions {
    /// The name.
    #[arg(allow_hyphen_values = true)]
    name: String,
    /// A role of its users, in place of all that it has. Can be repeated.
    #[arg(long, value_name = "ROLE", conflicts_with_all = ["add_role", "remove_role"])]
    role: Vec<String>,
    /// A role to add. Can be repeated.
    #[arg(long, value_name = "ROLE")]
    add_role: Vec<String>,
    /// A role to remove. Can be repeated.
    #[arg(long, value_name = "ROLE")]
    remove_role: Vec<String>,
    /// A user to add, by user name or subject. Can be repeated.
    #[arg(long, value_name = "USER")]
    add_user: Vec<String>,
    /// A user to remove, by user name or subject. Can be repeated.
    #[arg(long, value_name = "USER")]
    remove_user: Vec<String>,
}

#[derive(Args)]
struct RemoveOptions {
    /// The name.
    #[arg(allow_hyphen_values = true)]
    name: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

/// A group with its users, as `show` prints it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    group: Group,
    members: List<Member>,
}

impl GroupCommand {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let out = run.out;
        if let Verb::Remove(RemoveOptions { name, yes }) = &self.verb {
            confirm(&format!("Remove the group {name}?"), *yes)?;
        }
        let desk = Desk::open(run).await?;
        match self.verb {
            Verb::List => list(&desk).await,
            Verb::Show(options) => show(&desk, options).await,
            Verb::Add(options) => add(&desk, options).await,
            Verb::Set(options) => set(&desk, options).await,
            Verb::Remove(RemoveOptions { name, .. }) => {
                desk.admin.send::<()>(Method::DELETE, &path(&name)).await?;
                out.answer(&Done::Removed(&name), |_| {
                    format!("Removed the group {name}.")
                })
            }
        }
    }
}

async fn list(desk: &Desk) -> anyhow::Result<()> {
    let groups: List<Group> = desk.admin.get("/groups").await?;
    let columns = Columns {
        names: &["NAME", "OWNER", "ROLES"],
        row: |group: &Group| vec![group.name.clone(), word(&group.owner), word(&group.roles)],
        empty: "There are no groups yet. Add one: cardea group add sales --role clerk",
    };
    desk.out.list(&groups, &columns)
}

async fn show(desk: &Desk, options: ShowOptions) -> anyhow::Result<()> {
    let group: Group = desk.admin.get(&path(&options.name)).await?;
    let members = options
        .page
        .of(&format!("{}/members", path(&options.name)))?;
    let shown = Shown {
        group,
        members: desk.admin.get(&members).await?,
    };
    desk.out.answer(&shown, |shown| {
        let mut text = format!(
            "{}\nroles: {}\n",
            shown.group.name,
            word(&shown.group.roles)
        );
        if !shown.group.enabled {
            text.push_str("The configuration file no longer has this group: it gives nothing.\n");
        }
        text.push_str(&names(&shown.members));
        text
    })
}

/// The user names of a page of users.
pub(super) fn names(members: &List<Member>) -> String {
    let mut text = format!("users: {}\n", members.items.len());
    for member in &members.items {
        let roles = member.roles.as_ref().map(word).filter(|r| !r.is_empty());
        let roles = roles.map(|roles| format!(" ({roles})")).unwrap_or_default();
        text.push_str(&format!("  {}{roles}\n", member.username));
    }
    if let Some(next) = &members.next {
        text.push_str(&format!("There are more: --after {next}\n"));
    }
    text
}

async fn add(desk: &Desk, options: AddOptions) -> anyhow::Result<()> {
    let new = NewGroup {
        name: options.name,
        roles: options.role,
    };
    let added = desk.admin.send_json(Method::POST, "/groups", &new).await;
    let group: Group = added.map_err(|e| in_options(e, OPTIONS, "the member"))?;
    members(desk, &group.name, (Method::PUT, &options.user)).await?;
    desk.out
        .answer(&group, |group| format!("Added the group {}.", group.name))
}

async fn set(desk: &Desk, options: SetOptions) -> anyhow::Result<()> {
    let patch = RolesPatch {
        roles: (!options.role.is_empty()).then_some(options.role),
        add_roles: options.add_role,
        remove_roles: options.remove_role,
    };
    let has_roles =
        patch.roles.is_some() || !patch.add_roles.is_empty() || !patch.remove_roles.is_empty();
    if !has_roles && options.add_user.is_empty() && options.remove_user.is_empty() {
        bail!("no change was given; cardea group set --help lists the options");
    }
    let group = path(&options.name);
    let group: Group = match has_roles {
        true => {
            let changed = desk.admin.send_json(Method::PATCH, &group, &patch).await;
            changed.map_err(|e| in_options(e, OPTIONS, "the member"))?
        }
        false => desk.admin.get(&group).await?,
    };
    members(desk, &group.name, (Method::PUT, &options.add_user)).await?;
    members(desk, &group.name, (Method::DELETE, &options.remove_user)).await?;
    desk.out
        .answer(&group, |group| format!("Changed the group {}.", group.name))
}

async fn members(
    desk: &Desk,
    group: &str,
    (method, users): (Method, &[String]),
) -> anyhow::Result<()> {
    for user in users {
        let path = format!("{}/members/{}", path(group), segment(user));
        desk.admin.send::<()>(method.clone(), &path).await?;
    }
    Ok(())
}

fn path(group: &str) -> String {
    format!("/groups/{}", segment(group))
}
