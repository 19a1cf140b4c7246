//! `cardea invitation`

use cardea_server::admin::types::{
    Invitation, InvitationQuery, Invited, Lang, List, NewInvitation,
};
use cardea_web::config::Duration;
use clap::{Args, Subcommand};
use http::Method;

use super::{Desk, Done, options::Options};
use crate::{
    admin::{segment, with_query},
    commands::PageOptions,
    config::Run,
    operate::options::in_options,
    output::{Columns, word},
};

/// The members of the document and the options that set them.
const OPTIONS: Options = &[
    ("email", "the address"),
    ("username", "--username"),
    ("organization", "--org"),
    ("roles", "--role"),
    ("language", "--language"),
    ("valid_seconds", "--valid"),
];

/// Invitations by e-mail: to make an account, or to join an organization.
#[derive(Args)]
pub(crate) struct InvitationCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the invitations that were not used yet, the oldest first.
    #[command(after_help = "Example:\n  cardea invitation list --org acme")]
    List(ListOptions),
    /// Invite an address. The link is mailed; without mail it is printed, to be handed over.
    ///
    /// It is for one use. Whoever has it makes an account with this address, which counts as verified, or joins the organization with
    /// the account that has the address. An earlier invitation of the address to the same organization does nothing any more.
    #[command(after_help = "Examples:
  cardea invitation add carol@example.com
  cardea invitation add carol@example.com --org acme --role buyer --valid 3d")]
    Add(AddOptions),
    /// Revoke an invitation: its link does nothing any more.
    #[command(after_help = "Example:\n  cardea invitation revoke 8Nn3c0Xb1kQvPz5A")]
    Revoke(RevokeOptions),
}

#[derive(Args)]
struct ListOptions {
    /// Those to this organization.
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    #[command(flatten)]
    page: PageOptions,
}

#[derive(Args)]
struct AddOptions {
    /// The e-mail address.
    email: String,
    /// A user name to propose.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The organization to join; without it the invitation is to make an account.
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    /// A role inside the organization or, without one, of the new account. Can be repeated.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// The language of the mail and of the page: en, de, fr or es.
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    language: Option<Lang>,
    /// How long the link can be used, from 15m to 30d.
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    valid: Duration,
}

#[derive(Args)]
struct RevokeOptions {
    /// The identifier, as list prints it.
    #[arg(allow_hyphen_values = true)]
    id: String,
}

fn language(text: &str) -> Result<Lang, String> {
    let known = Lang::ALL.into_iter().find(|lang| lang.as_str() == text);
    known.ok_or_else(|| "it is none of en, de, fr and es".to_owned())
}

impl InvitationCommand {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let desk = Desk::open(run).await?;
        match self.verb {
            Verb::List(options) => list(&desk, options).await,
            Verb::Add(options) => add(&desk, options).await,
            Verb::Revoke(RevokeOptions { id }) => {
                let path = format!("/invitations/{}", segment(&id));
                desk.admin.send::<()>(Method::DELETE, &path).await?;
                desk.out.answer(&Done::Revoked(&id), |_| {
                    format!("Revoked the invitation {id}.")
                })
            }
        }
    }
}

async fn list(desk: &Desk, options: ListOptions) -> anyhow::Result<()> {
    let query = InvitationQuery {
        limit: options.page.limit,
        after: options.page.after,
        organization: options.org,
    };
    let all: List<Invitation> = desk.admin.get(&with_query("/invitations", &query)?).await?;
    let columns = Columns {
        names: &["ID", "E-MAIL", "ORGANIZATION", "ROLES", "BY", "EXPIRES"],
        row: |i: &Invitation| {
            vec![
                word(&i.id),
                i.email.clone(),
                word(&i.organization),
                word(&i.roles),
                word(&i.inviter),
                word(&i.expires_at),
            ]
        },
        empty: "There are no invitations. Invite: cardea invitation add carol@example.com",
    };
    desk.out.list(&all, &columns)
}

async fn add(desk: &Desk, options: AddOptions) -> anyhow::Result<()> {
    let new = NewInvitation {
        email: options.email,
        username: options.username,
        organization: options.org,
        roles: options.role,
        language: options.language,
        valid_seconds: options.valid.get().as_secs(),
    };
    let made = desk.admin.send_json(Method::POST, "/invitations", &new);
    let made: anyhow::Result<Invited> = made.await;
    let made = made.map_err(|e| in_options(e, OPTIONS, "the member"))?;
    desk.out.answer(&made, |made| match &made.url {
        Some(url) => url.clone(),
        None => format!(
            "Invited {}; the link is mailed. To revoke it: cardea invitation revoke {}",
            made.invitation.email, made.invitation.id
        ),
    })
}
