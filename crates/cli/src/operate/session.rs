//! `cardea session`

use cardea_server::admin::types::{Ended, EndingQuery, List, Session};
use clap::{Args, Subcommand};
use http::Method;

use super::{Desk, Done};
use crate::{
    admin::{segment, with_query},
    commands::PageOptions,
    config::Run,
    output::{Columns, word},
};

/// Sessions: browsers that are logged in.
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
            Verb::List(options) => list(&desk, options).await,
            Verb::End(EndOptions {
                which: Which {
                    user: Some(user), ..
                },
                keep_applications,
            }) => {
                let path = format!("/users/{}/sessions", segment(&user));
                let path = with_query(&path, &EndingQuery { keep_applications })?;
                let ended: Ended = desk.admin.send(Method::DELETE, &path).await?;
                out.answer(&ended, |ended| {
                    format!("Ended {} session(s) of {user}.", ended.ended)
                })
            }
            Verb::End(options) => {
                let sid = options.which.sid.unwrap_or_default();
                let keep_applications = options.keep_applications;
                let path = format!("/sessions/{}", segment(&sid));
                let path = with_query(&path, &EndingQuery { keep_applications })?;
                desk.admin.send::<()>(Method::DELETE, &path).await?;
                out.answer(&Done::Ended(&sid), |_| format!("Ended the session {sid}."))
            }
        }
    }
}

async fn list(desk: &Desk, options: ListOptions) -> anyhow::Result<()> {
    let path = match &options.user {
        Some(user) => options
            .page
            .of(&format!("/users/{}/sessions", segment(user)))?,
        None => options.page.of("/sessions")?,
    };
    let sessions: List<Session> = desk.admin.get(&path).await?;
    let columns = Columns {
        names: &[
            "SID",
            "USER",
            "SINCE",
            "LAST SEEN",
            "ENDS",
            "ADDRESS",
            "DEVICE",
        ],
        row: |session: &Session| {
            vec![
                word(&session.sid),
                word(&session.username),
                word(&session.created_at),
                word(&session.last_seen_at),
                word(&session.ends_at),
                word(&session.address),
                word(&session.device),
            ]
        },
        empty: "No user is logged in.",
    };
    desk.out.list(&sessions, &columns)
}
