//! `cardea session`

use clap::{Args, Subcommand};
use http::Method;

use super::{Desk, done};
use crate::{
    admin::segment,
    commands::{ConfigOption, PageOptions},
    config::Environment,
    output::{List, Output, word},
};

/// Browsers that are logged in.
#[derive(Args)]
pub(crate) struct SessionCommand {
    #[command(flatten)]
    pub(crate) config: ConfigOption,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the living sessions, the youngest first: of everybody, or of one person.
    #[command(after_help = "Example:\n  cardea session list --user alice")]
    List(ListOptions),
    /// End one session, or all of a person. Tokens of it are dead but those with offline_access.
    #[command(
        after_help = "Examples:\n  cardea session end q1Xw…\n  cardea session end --user alice"
    )]
    End(EndOptions),
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
#[group(required = true, multiple = false)]
struct EndOptions {
    /// The session's sid, as `cardea session list` and ID tokens have it.
    #[arg(allow_hyphen_values = true)]
    sid: Option<String>,
    /// All sessions of this person: the user name or the subject.
    #[arg(long, allow_hyphen_values = true)]
    user: Option<String>,
}

impl SessionCommand {
    pub(crate) async fn run(self, environment: Environment, out: Output) -> anyhow::Result<()> {
        let desk = Desk::open(&self.config, environment, out).await?;
        match self.verb {
            Verb::List(options) => list(&desk, &options).await,
            Verb::End(EndOptions {
                user: Some(user), ..
            }) => {
                let path = format!("/users/{}/sessions", segment(&user));
                let ended = desk.admin.send(Method::DELETE, &path, None).await?;
                out.answer(&ended, |ended| {
                    format!("Ended {} session(s) of {user}.", word(ended, "ended"))
                })
            }
            Verb::End(options) => {
                let sid = options.sid.unwrap_or_default();
                let path = format!("/sessions/{}", segment(&sid));
                desk.admin.send(Method::DELETE, &path, None).await?;
                out.answer(&done("ended", &sid), |_| {
                    format!("Ended the session {sid}.")
                })
            }
        }
    }
}

async fn list(desk: &Desk, options: &ListOptions) -> anyhow::Result<()> {
    let path = match &options.user {
        Some(user) => format!("/users/{}/sessions", segment(user)),
        None => options.page.of("/sessions"),
    };
    let sessions = desk.admin.get(&path).await?;
    let list = List {
        columns: &[
            "SID",
            "PERSON",
            "SINCE",
            "LAST SEEN",
            "ENDS",
            "ADDRESS",
            "BROWSER",
        ],
        row: |session| {
            let members = [
                "sid",
                "username",
                "created_at",
                "last_seen_at",
                "ends_at",
                "address",
                "user_agent",
            ];
            members.map(|member| word(session, member)).to_vec()
        },
        empty: "Nobody is logged in.",
    };
    desk.out.list(&sessions, &list)
}
