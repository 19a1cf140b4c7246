//! `cardea grant`

use clap::{Args, Subcommand};
use http::Method;

use super::{Desk, done};
use crate::{
    admin::segment,
    commands::{ConfigOption, PageOptions},
    config::Environment,
    output::{List, Output, word},
};

/// What logins gave to clients: a grant stands behind all tokens of one login at one client.
#[derive(Args)]
pub(crate) struct GrantCommand {
    #[command(flatten)]
    pub(crate) config: ConfigOption,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the living grants, the youngest first: of everybody, or of one person.
    #[command(after_help = "Example:\n  cardea grant list --user alice")]
    List(ListOptions),
    /// Revoke a grant: its refresh token is dead, and its access tokens wherever they are introspected.
    #[command(after_help = "Example:\n  cardea grant revoke 0199e7a2-5c1b-7d3e-8f00-000000000000")]
    Revoke(RevokeOptions),
}

#[derive(Args)]
struct ListOptions {
    /// The user name or the subject.
    #[arg(long, allow_hyphen_values = true, conflicts_with_all = ["limit", "offset"])]
    user: Option<String>,
    #[command(flatten)]
    page: PageOptions,
}

#[derive(Args)]
struct RevokeOptions {
    /// The id, as `cardea grant list` has it.
    id: String,
}

impl GrantCommand {
    pub(crate) async fn run(self, environment: Environment, out: Output) -> anyhow::Result<()> {
        let desk = Desk::open(&self.config, environment, out).await?;
        match self.verb {
            Verb::List(options) => list(&desk, &options).await,
            Verb::Revoke(RevokeOptions { id }) => {
                let path = format!("/grants/{}", segment(&id));
                desk.admin.send(Method::DELETE, &path, None).await?;
                out.answer(&done("revoked", &id), |_| {
                    format!("Revoked the grant {id}.")
                })
            }
        }
    }
}

async fn list(desk: &Desk, options: &ListOptions) -> anyhow::Result<()> {
    let path = match &options.user {
        Some(user) => format!("/users/{}/grants", segment(user)),
        None => options.page.of("/grants"),
    };
    let grants = desk.admin.get(&path).await?;
    let list = List {
        columns: &["GRANT", "PERSON", "CLIENT", "SINCE", "EXPIRES", "SCOPE"],
        row: |grant| {
            let members = [
                "id",
                "username",
                "client_id",
                "created_at",
                "expires_at",
                "scope",
            ];
            members.map(|member| word(grant, member)).to_vec()
        },
        empty: "There are no living grants.",
    };
    desk.out.list(&grants, &list)
}
