//! `cardea session`

use clap::{Args, Subcommand};
use http::Method;

use super::{Desk, done};
use crate::{
    admin::segment,
    commands::PageOptions,
    config::Run,
    output::{List, word},
};

/// Browsers that are logged in.
#[derive(Args)]
pub(crate) struct SessionCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the active sessions, the newest first: of all users, or of one.
    #[command(after_help = "Example:\n  cardea session list --user alice")]
    List(ListOptions),
    /// End one session, or all of a user, and revoke what applications got from them.
    #[command(
        after_help = "With --user, all tokens, codes and known browsers of the user are revoked, also those of earlier sessions.\n\nExamples:\n  cardea session end q1Xw…\n  cardea session end --user alice\n  cardea session end --user alice --keep-applications"
    )]
    End(EndOptions),
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
struct EndOptions {
    #[command(flatten)]
    which: Which,
    /// Applications with offline access keep it, as after a logout.
    #[arg(long)]
    keep_applications: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The session's sid, as `cardea session list` and ID tokens have it.
    #[arg(allow_hyphen_values = true)]
    sid: Option<String>,
    /// All sessions of this user: the user name or the subject.
    #[arg(long, allow_hyphen_values = true)]
    user: Option<String>,
}

impl SessionCommand {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let out = run.out;
        let desk = Desk::open(run).await?;
        match self.verb {
            Verb::List(options) => list(&desk, &options).await,
            Verb::End(EndOptions {
                which: Which {
                    user: Some(user), ..
                },
                keep_applications,
            }) => {
                let query = keep_query(keep_applications);
                let path = format!("/users/{}/sessions{query}", segment(&user));
                let ended = desk.admin.send(Method::DELETE, &path, None).await?;
                out.answer(&ended, |ended| {
                    format!("Ended {} session(s) of {user}.", word(ended, "ended"))
                })
            }
            Verb::End(options) => {
                let sid = options.which.sid.unwrap_or_default();
                let query = keep_query(options.keep_applications);
                let path = format!("/sessions/{}{query}", segment(&sid));
                desk.admin.send(Method::DELETE, &path, None).await?;
                out.answer(&done("ended", &sid), |_| {
                    format!("Ended the session {sid}.")
                })
            }
        }
    }
}

/// The query of a request that ends sessions.
pub(super) fn keep_query(keep_applications: bool) -> &'static str {
    if keep_applications {
        "?keep_applications=true"
    } else {
        ""
    }
}

async fn list(desk: &Desk, options: &ListOptions) -> anyhow::Result<()> {
    let path = match &options.user {
        Some(user) => options
            .page
            .of(&format!("/users/{}/sessions", segment(user))),
        None => options.page.of("/sessions"),
    };
    let sessions = desk.admin.get(&path).await?;
    let list = List {
        columns: &[
            "SID",
            "USER",
            "SINCE",
            "LAST SEEN",
            "ENDS",
            "ADDRESS",
            "DEVICE",
        ],
        row: |session| {
            let members = [
                "sid",
                "username",
                "created_at",
                "last_seen_at",
                "ends_at",
                "address",
                "device",
            ];
            members.map(|member| word(session, member)).to_vec()
        },
        empty: "No user is logged in.",
    };
    desk.out.list(&sessions, &list)
}
