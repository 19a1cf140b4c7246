//! `cardea key`

use cardea_server::admin::types::{Key, List, Rotated, Rotation};
use clap::{Args, Subcommand};
use http::Method;

use super::{Desk, Done};
use crate::{
    admin::segment,
    config::Run,
    output::{Columns, word},
    terminal::confirm,
};

/// The keys that tokens are signed with.
///
/// A key is `next` (published, unused), then `active` (signs), then `retired` (published until its last token has expired),
/// then `hidden` (verifies hints at logout as long as a session can live).
#[derive(Args)]
pub(crate) struct KeyCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the keys, the oldest first.
    #[command(after_help = "Example:\n  cardea key list")]
    List,
    /// Make a new key for each algorithm. It signs in 20 minutes, when every client has had time to fetch it.
    #[command(after_help = "Examples:
  cardea key rotate
  cardea key rotate --now")]
    Rotate(RotateOptions),
    /// Remove a key at once, for one that leaked: it is no longer published, its private part is deleted, and all that it
    /// signed is refused.
    ///
    /// The key that signs can't be removed: make another first, with `cardea key rotate --now`. An API that keeps the key set
    /// believes the old key until it fetches the set again, 15 minutes at most.
    #[command(after_help = "Example:
  cardea key rotate --now
  cardea key remove 8bZqm1Vd0Jx0Q2T9b8cW9yqK3m4n5o6p7q8r9s0t1u2")]
    Remove(RemoveOptions),
}

#[derive(Args)]
struct RotateOptions {
    /// Sign with the new keys at once. Clients that keep the old key set refuse new tokens until they fetch it again, 15
    /// minutes at most; the old keys stay published until their last token has expired.
    #[arg(long)]
    now: bool,
}

#[derive(Args)]
struct RemoveOptions {
    /// The key's id, as `cardea key list` has it.
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

impl KeyCommand {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let out = run.out;
        // Before anything is opened.
        if let Verb::Remove(RemoveOptions { kid, yes }) = &self.verb {
            confirm(
                &format!("Remove the key {kid}? Every token that it signed is refused at once."),
                *yes,
            )?;
        }
        let desk = Desk::open(run).await?;
        match self.verb {
            Verb::Remove(RemoveOptions { kid, .. }) => {
                let path = format!("/keys/{}", segment(&kid));
                desk.admin.send::<()>(Method::DELETE, &path).await?;
                out.answer(&Done::Removed(&kid), |_| format!("Removed the key {kid}."))
            }
            Verb::List => {
                let keys: List<Key> = desk.admin.get("/keys").await?;
                out.list(&keys, &COLUMNS)
            }
            Verb::Rotate(RotateOptions { now }) => {
                let rotation = Rotation { now };
                let rotated: Rotated = desk
                    .admin
                    .send_json(Method::POST, "/keys/rotate", &rotation)
                    .await?;
                out.answer(&rotated, |rotated| {
                    format!(
                        "Made {}.\nIt signs from {}.",
                        rotated.kids.join(" and "),
                        word(&rotated.active_at)
                    )
                })
            }
        }
    }
}

const COLUMNS: Columns<'_, Key> = Columns {
    names: &["KEY", "ALGORITHM", "STATE", "MADE", "SIGNS FROM", "RETIRED"],
    row: |key| {
        vec![
            key.kid.clone(),
            word(&key.algorithm),
            word(&key.state),
            word(&key.created_at),
            word(&key.active_at),
            word(&key.retired_at),
        ]
    },
    empty: "There are no keys.",
};
