//! `cardea key`

use clap::{Args, Subcommand};
use http::Method;
use serde_json::json;

use super::Desk;
use crate::{
    commands::ConfigOption,
    config::Environment,
    output::{List, Output, word},
};

/// The keys that tokens are signed with.
///
/// A key is `next` (published, unused), then `active` (signs), then `retired` (published until its last token has expired),
/// then `hidden` (verifies hints at logout as long as a session can live).
#[derive(Args)]
pub(crate) struct KeyCommand {
    #[command(flatten)]
    pub(crate) config: ConfigOption,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the keys, the oldest first.
    #[command(after_help = "Example:\n  cardea key list")]
    List,
    /// Make a new key for each algorithm. It signs in 20 minutes, when every client can know it.
    #[command(after_help = "Examples:
  cardea key rotate
  cardea key rotate --now")]
    Rotate(RotateOptions),
}

#[derive(Args)]
struct RotateOptions {
    /// Sign with the new keys at once. Clients that keep the old key set refuse new tokens until they fetch it again, 15
    /// minutes at most; the old keys stay published until their last token has expired.
    #[arg(long)]
    now: bool,
}

impl KeyCommand {
    pub(crate) async fn run(self, environment: Environment, out: Output) -> anyhow::Result<()> {
        let desk = Desk::open(&self.config, environment, out).await?;
        match self.verb {
            Verb::List => {
                let keys = desk.admin.get("/keys").await?;
                let list = List {
                    columns: &["KEY", "ALGORITHM", "STATE", "MADE", "SIGNS FROM", "RETIRED"],
                    row: |key| {
                        let members = [
                            "kid",
                            "algorithm",
                            "state",
                            "created_at",
                            "active_at",
                            "retired_at",
                        ];
                        members.map(|member| word(key, member)).to_vec()
                    },
                    empty: "There are no keys.",
                };
                out.list(&keys, &list)
            }
            Verb::Rotate(options) => {
                let body = json!({ "now": options.now });
                let turned = desk
                    .admin
                    .send(Method::POST, "/keys/rotate", Some(&body))
                    .await?;
                out.answer(&turned, |turned| {
                    format!(
                        "Made {}.\nIt signs from {}.",
                        word(turned, "kids").replace(' ', " and "),
                        word(turned, "active_at")
                    )
                })
            }
        }
    }
}
