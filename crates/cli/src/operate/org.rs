//! `cardea org`

use anyhow::bail;
use cardea_server::admin::types::{
    List, Member, NewMember, NewOrganization, Organization, OrganizationPatch, RolesPatch,
};
use clap::{Args, Subcommand};
use http::Method;
use serde::Serialize;

use super::{Desk, Done, group::names, options::Options};
use crate::{
    admin::segment,
    commands::PageOptions,
    config::Run,
    operate::options::in_options,
    output::{Columns, word},
    terminal::confirm,
};

/// The members of the document and the options that set them.
const OPTIONS: Options = &[
    ("id", "ID"),
    ("name", "--name"),
    ("domains", "--domain"),
    ("join_by_domain", "--join-by-domain"),
    ("roles", "--role"),
];

/// Organizations: sets of users with roles inside them, which tokens carry as `org_id`.
#[derive(Args)]
pub(crate) struct OrgCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the organizations, by identifier.
    #[command(after_help = "Example:\n  cardea org list")]
    List(PageOptions),
    /// Show an organization and its members.
    #[command(after_help = "Example:\n  cardea org show acme")]
    Show(ShowOptions),
    /// Add an organization.
    #[command(
        after_help = "Example:\n  cardea org add acme --name \"Acme Ltd\" --domain acme.example"
    )]
    Add(AddOptions),
    /// Change an organization. Only what is given changes.
    #[command(after_help = "Example:\n  cardea org set acme --name \"Acme Group\"")]
    Set(SetOptions),
    /// Remove an organization with its members and all grants that were given in it.
    #[command(after_help = "Example:\n  cardea org remove acme --yes")]
    Remove(RemoveOptions),
    /// The members of an organization.
    Member(MemberCommand),
}

#[derive(Args)]
struct ShowOptions {
    /// The identifier.
    id: String,
    #[command(flatten)]
    page: PageOptions,
}

#[derive(Args)]
struct AddOptions {
    /// The identifier, as tokens carry it: lower-case letters, digits, - _ and . It can't be changed.
    id: String,
    /// The name that users see; without it the identifier.
    #[arg(long)]
    name: Option<String>,
    /// An e-mail domain of its own. Can be repeated.
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
    /// Offer users with a verified address of one of the domains to join, without roles.
    #[arg(long, requires = "domain")]
    join_by_domain: bool,
}

#[derive(Args)]
struct SetOptions {
    /// The identifier.
    id: String,
    /// The name that users see.
    #[arg(long)]
    name: Option<String>,
    /// An e-mail domain, in place of all that it has. Can be repeated.
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
    /// Remove all domains.
    #[arg(long, conflicts_with = "domain")]
    no_domains: bool,
    /// Whether users with a verified address of one of the domains are offered to join, without roles.
    #[arg(long, value_name = "true|false")]
    join_by_domain: Option<bool>,
}

#[derive(Args)]
struct RemoveOptions {
    /// The identifier.
    id: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

/// The members of an organization.
#[derive(Args)]
struct MemberCommand {
    #[command(subcommand)]
    verb: MemberVerb,
}

#[derive(Subcommand)]
enum MemberVerb {
    /// Add a user to an organization.
    #[command(after_help = "Example:\n  cardea org member add acme alice --role buyer")]
    Add(MemberRoles),
    /// Change the roles of a member inside an organization.
    #[command(
        after_help = "Example:\n  cardea org member set acme alice --role buyer --role owner"
    )]
    Set(MemberRoles),
    /// Remove a member from an organization; the member's grants in it are revoked.
    #[command(after_help = "Example:\n  cardea org member remove acme alice")]
    Remove(WhichMember),
}

#[derive(Args)]
struct WhichMember {
    /// The identifier of the organization.
    id: String,
    /// The user name or the subject.
    #[arg(allow_hyphen_values = true)]
    user: String,
}

#[derive(Args)]
struct MemberRoles {
    #[command(flatten)]
    which: WhichMember,
    /// A role inside the organization. Can be repeated; with set, these are all.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
}

/// An organization with its members, as `show` prints it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    organization: Organization,
    members: List<Member>,
}

impl OrgCommand {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let out = run.out;
        if let Verb::Remove(RemoveOptions { id, yes }) = &self.verb {
            let question =
                format!("Remove the organization {id} with its members and all grants in it?");
            confirm(&question, *yes)?;
        }
        let desk = Desk::open(run).await?;
        match self.verb {
            Verb::List(page) => list(&desk, page).await,
            Verb::Show(options) => show(&desk, options).await,
            Verb::Add(options) => {
                let new = NewOrganization {
                    id: options.id,
                    name: options.name,
                    domains: options.domain,
                    join_by_domain: options.join_by_domain,
                };
                let added = desk.admin.send_json(Method::POST, "/organizations", &new);
                let added: anyhow::Result<Organization> = added.await;
                let added = added.map_err(|e| in_options(e, OPTIONS, "the member"))?;
                out.answer(&added, |o| format!("Added the organization {}.", o.id))
            }
            Verb::Set(options) => set(&desk, options).await,
            Verb::Remove(RemoveOptions { id, .. }) => {
                desk.admin.send::<()>(Method::DELETE, &path(&id)).await?;
                out.answer(&Done::Removed(&id), |_| {
                    format!("Removed the organization {id}.")
                })
            }
            Verb::Member(MemberCommand { verb }) => member(&desk, verb).await,
        }
    }
}

async fn list(desk: &Desk, page: PageOptions) -> anyhow::Result<()> {
    let all: List<Organization> = desk.admin.get(&page.of("/organizations")?).await?;
    let columns = Columns {
        names: &["ID", "NAME", "OWNER", "DOMAINS"],
        row: |o: &Organization| {
            vec![
                word(&o.id),
                o.name.clone(),
                word(&o.owner),
                word(&o.domains),
            ]
        },
        empty: "There are no organizations yet. Add one: cardea org add acme --name \"Acme Ltd\"",
    };
    desk.out.list(&all, &columns)
}

async fn show(desk: &Desk, options: ShowOptions) -> anyhow::Result<()> {
    let organization: Organization = desk.admin.get(&path(&options.id)).await?;
    let members = options.page.of(&format!("{}/members", path(&options.id)))?;
    let shown = Shown {
        organization,
        members: desk.admin.get(&members).await?,
    };
    desk.out.answer(&shown, |shown| {
        let o = &shown.organization;
        let mut text = format!("{}: {}\ndomains: {}\n", o.id, o.name, word(&o.domains));
        if o.join_by_domain {
            text.push_str("Users with a verified address of a domain are offered to join.\n");
        }
        if !o.enabled {
            text.push_str(
                "The configuration file no longer has this organization: it is disabled.\n",
            );
        }
        text.push_str(&names(&shown.members));
        text
    })
}

async fn set(desk: &Desk, options: SetOptions) -> anyhow::Result<()> {
    let domains = options.no_domains || !options.domain.is_empty();
    if !domains && options.name.is_none() && options.join_by_domain.is_none() {
        bail!("no change was given; cardea org set --help lists the options");
    }
    let patch = OrganizationPatch {
        name: options.name,
        domains: domains.then_some(options.domain),
        join_by_domain: options.join_by_domain,
    };
    let path = path(&options.id);
    let changed = desk.admin.send_json(Method::PATCH, &path, &patch).await;
    let changed: Organization = changed.map_err(|e| in_options(e, OPTIONS, "the member"))?;
    desk.out
        .answer(&changed, |o| format!("Changed the organization {}.", o.id))
}

async fn member(desk: &Desk, verb: MemberVerb) -> anyhow::Result<()> {
    let (which, method, did) = match &verb {
        MemberVerb::Add(MemberRoles { which, .. }) => (which, Method::POST, "Added"),
        MemberVerb::Set(MemberRoles { which, .. }) => (which, Method::PATCH, "Changed"),
        MemberVerb::Remove(which) => (which, Method::DELETE, "Removed"),
    };
    let (id, user) = (which.id.clone(), which.user.clone());
    let path = format!("{}/members/{}", path(&id), segment(&user));
    let words = format!("{did} {user} in the organization {id}.");
    let answer: anyhow::Result<Member> = match verb {
        MemberVerb::Remove(_) => {
            desk.admin.send::<()>(method, &path).await?;
            return desk.out.answer(&Done::Removed(&user), |_| {
                format!("Removed {user} from the organization {id}.")
            });
        }
        MemberVerb::Add(MemberRoles { role, .. }) => {
            let new = NewMember { roles: role };
            desk.admin.send_json(method, &path, &new).await
        }
        MemberVerb::Set(MemberRoles { role, .. }) => {
            let patch = RolesPatch {
                roles: Some(role),
                ..RolesPatch::default()
            };
            desk.admin.send_json(method, &path, &patch).await
        }
    };
    let member = answer.map_err(|e| in_options(e, OPTIONS, "the member"))?;
    desk.out.answer(&member, |_| words)
}

fn path(id: &str) -> String {
    format!("/organizations/{}", segment(id))
}
