//! `cardea grant`

use cardea_server::admin::types::{Grant, List};
use clap::{Args, Subcommand};
use http::Method;

use super::{Desk, Done};
use crate::{
    admin::segment,
    commands::PageOptions,
    config::Run,
    output::{Columns, word},
};

/// Grants: each stands for all tokens of one login at one client.
#[derive(Args)]
pub(crate) struct GrantCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the active grants, the newest first: of all users, or of one.
    #[command(after_help = "Example:\n  cardea grant list --user alice")]
    List(ListOptions),
    /// Revoke a grant: its refresh token stops working, and its access tokens wherever they are introspected.
    #[command(after_help = "Example:\n  cardea grant revoke 0199e7a2-5c1b-7d3e-8f00-000000000000")]
    Revoke(RevokeOptions),
}

#[derive(Args)]
struct ListOptions {
    /// The user name or the subject.
    #[arg(long, allow_hyphen_values = true)]
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
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let out = run.out;
        let desk = Desk::open(run).await?;
        match self.verb {
            Verb::List(options) => list(&desk, options).await,
            Verb::Revoke(RevokeOptions { id }) => {
                let path = format!("/grants/{}", segment(&id));
                desk.admin.send::<()>(Method::DELETE, &path).await?;
                out.answer(&Done::Revoked(&id), |_| format!("Revoked the grant {id}."))
            }
        }
    }
}

async fn list(desk: &Desk, options: ListOptions) -> anyhow::Result<()> {
    let path = match &options.user {
        Some(user) => options
            .page
            .of(&format!("/users/{}/grants", segment(user)))?,
        None => options.page.of("/grants")?,
    };
    let grants: List<Grant> = desk.admin.get(&path).await?;
    let columns = Columns {
        names: &["GRANT", "USER", "CLIENT", "SINCE", "EXPIRES", "SCOPE"],
        row: |grant: &Grant| {
            vec![
                word(&grant.id),
                word(&grant.username),
                word(&grant.client_id),
                word(&grant.created_at),
                word(&grant.expires_at),
                grant.scope.clone(),
            ]
        },
        empty: "There are no active grants.",
    };
    desk.out.list(&grants, &columns)
}
