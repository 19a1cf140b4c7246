//! `cardea user`

use std::collections::BTreeMap;

use cardea_seal::Secret;
use cardea_server::admin::types::{
    self, EndingQuery, NewPassword, NewUser, UserLinkPurpose, is_text,
};
use cardea_web::config::{Duration, SecretText};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;

use super::{
    Desk, Done,
    factors::{FactorsOptions, path},
    import::{self, ExportOptions, ImportOptions},
    options::{Options, in_options},
    pairs,
    user_answers::{print_link, said},
    user_list::ListOptions,
    user_set::{SetOptions, set},
};
use crate::{
    admin::with_query,
    config::Run,
    output::{Output, details},
    terminal::{confirm, new_password},
};

const FIRST: &[&str] = &[
    "username",
    "sub",
    "status",
    "email",
    "email_verified",
    "roles",
    "has_password",
    "must_change_password",
    "locked_until",
    "expires_at",
    "delete_at",
    "claims",
    "created_at",
    "updated_at",
];

/// The members of a user that have options.
pub(super) const OPTIONS: Options = &[
    ("username", "the user name"),
    ("password", "the password"),
    ("email", "--email"),
    ("email_verified", "--email-verified"),
    ("roles", "--role"),
    ("must_change_password", "--must-change"),
    ("expires_at", "--expires"),
    ("claims", "--claim"),
];

/// Users. A user is given by the user name or by the subject (`sub`).
#[derive(Args)]
pub(crate) struct UserCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the users, by name, or search them.
    #[command(after_help = "Examples:
  cardea user list --search \"ali lidd\"
  cardea user list --limit 500 --json | jq -r '.items[].username'")]
    List(ListOptions),
    /// Show everything about a user but the password, of which only a hash is kept.
    #[command(after_help = "Example:\n  cardea user show alice")]
    Show(User),
    /// Add a user. The password is asked for on the terminal, or read from standard input.
    #[command(after_help = "Examples:
  cardea user add alice --email alice@example.com --role user --claim name=\"Alice A\"
  openssl rand -base64 18 | tee password.txt | cardea user add alice --password-stdin
  cardea user add alice --invite        (prints a link with which alice chooses a password)")]
    Add(AddOptions),
    /// Change a user. Only what is given changes.
    #[command(after_help = "Examples:
  cardea user set alice --email alice@example.com --email-verified true
  cardea user set alice --add-role admin --remove-role guest
  cardea user set alice --role user --role admin        (in place of all roles)
  cardea user set alice --expires 2027-01-31            (from then on alice can't log in)
  cardea user set alice --must-change                   (asks for a new password at the next login)
  cardea user set alice --claim name=\"Alice B\" --claim nickname=null        (null removes a claim)")]
    Set(SetOptions),
    /// Give a user a new password. It ends all sessions and revokes all tokens and known browsers; failed logins are forgotten.
    #[command(
        after_help = "Examples:\n  cardea user password alice\n  cardea user password alice --must-change        (a temporary one)\n  cardea user password alice --keep-applications\n  cardea user password alice --link --valid 1h        (prints a link, changes nothing yet)"
    )]
    Password(PasswordOptions),
    /// Enable a disabled user.
    #[command(after_help = "Example:\n  cardea user enable alice")]
    Enable(User),
    /// Refuse a user's logins, end all sessions and revoke all tokens and known browsers; consents and data are kept.
    #[command(
        after_help = "Examples:\n  cardea user disable alice\n  cardea user disable alice --keep-applications"
    )]
    Disable(DisableOptions),
    /// Show a user's second factors, or remove all of them. Of backup codes only the number is known.
    #[command(after_help = "Examples:
  cardea user factors alice
  cardea user factors alice --reset                (removes them, after [mfa] reset_delay if that is set)
  cardea user factors alice --reset --link         (prints a link with which alice removes them, with the password)
  cardea user factors alice --reset --link --mail  (mails it to the verified address)")]
    Factors(FactorsOptions),
    /// Print everything that is kept about a user, as JSON: what users download on their account page. It has no secrets, and is audited.
    #[command(after_help = "Example:\n  cardea user data alice > alice.json")]
    Data(User),
    /// Remove a user with their sessions, consents and grants. The subject is never used again.
    #[command(after_help = "Example:\n  cardea user remove alice --yes")]
    Remove(RemoveOptions),
    /// Add the users of a file, with the hashes of their passwords. Users who exist are not changed.
    ///
    /// The file is CSV with a header, JSON lines as export writes them, or a realm export of Keycloak. Each hash becomes argon2id
    /// when its user logs in for the first time.
    #[command(after_help = "Examples:
  cardea user import users.csv --dry-run
  cardea user import shop-realm.json --report refused.jsonl")]
    Import(ImportOptions),
    /// Print all users, a JSON document a line.
    #[command(after_help = "Example:\n  cardea user export --with-hashes > users.jsonl")]
    Export(ExportOptions),
}

#[derive(Args)]
struct User {
    /// The user name or the subject.
    #[arg(allow_hyphen_values = true)]
    user: String,
}

#[derive(Args)]
struct AddOptions {
    /// The name to log in with.
    #[arg(allow_hyphen_values = true)]
    username: String,
    /// The e-mail address.
    #[arg(long)]
    email: Option<String>,
    /// The address was verified.
    #[arg(long, requires = "email")]
    email_verified: bool,
    /// A role, as tokens carry it. Can be repeated.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// A claim of OpenID Connect or of your own, such as name="Alice A". Can be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    claim: Vec<String>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// The password is temporary: the user has to choose another one at the first login.
    #[arg(long)]
    must_change: bool,
    /// Set no password: print a link, for one use, with which the user chooses one.
    #[arg(long, conflicts_with_all = ["password_stdin", "must_change"])]
    invite: bool,
    /// How long the link can be used, from 15m to 7d.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "24h",
        requires = "invite"
    )]
    valid: Duration,
}

#[derive(Args)]
struct PasswordOptions {
    /// The user name or the subject.
    #[arg(allow_hyphen_values = true)]
    user: String,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Applications with offline access keep it.
    #[arg(long)]
    keep_applications: bool,
    /// It is temporary: the user has to choose another one at the next login.
    #[arg(long)]
    must_change: bool,
    /// Change nothing: print a link, for one use, with which the user chooses a password.
    #[arg(long, conflicts_with_all = ["password_stdin", "keep_applications", "must_change"])]
    link: bool,
    /// How long the link can be used, from 15m to 7d.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "24h",
        requires = "link"
    )]
    valid: Duration,
}

#[derive(Args)]
struct DisableOptions {
    /// The user name or the subject.
    #[arg(allow_hyphen_values = true)]
    user: String,
    /// Applications with offline access get it back when the user is enabled.
    #[arg(long)]
    keep_applications: bool,
}

#[derive(Args)]
struct RemoveOptions {
    /// The user name or the subject.
    #[arg(allow_hyphen_values = true)]
    user: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

impl UserCommand {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let out = run.out;
        let Self { verb } = self;
        // Before anything is opened.
        let password = verb.ask()?.map(|p| SecretText::new(p.expose().clone()));
        let desk = Desk::open(run).await?;
        match verb {
            Verb::List(options) => options.run(&desk).await,
            Verb::Show(User { user }) => {
                let user: types::User = desk.admin.get(&path(&user)).await?;
                out.answer(&user, |user| details(user, FIRST))
            }
            Verb::Add(options) => add(&desk, options, password).await,
            Verb::Password(PasswordOptions {
                user,
                link: true,
                valid,
                ..
            }) => print_link(&desk, &user, UserLinkPurpose::PasswordReset, valid).await,
            Verb::Set(options) => set(&desk, options).await,
            Verb::Password(PasswordOptions {
                user,
                keep_applications,
                must_change,
                ..
            }) => {
                let new = NewPassword {
                    password: password.unwrap_or_else(|| SecretText::new(String::new())),
                    keep_applications,
                    must_change,
                };
                let path = format!("{}/password", path(&user));
                let user = desk.admin.send_json(Method::POST, &path, &new).await?;
                said(&desk, "Set the password of", &user)
            }
            Verb::Enable(User { user }) => {
                let path = format!("{}/enable", path(&user));
                let user = desk.admin.send(Method::POST, &path).await?;
                said(&desk, "Enabled", &user)
            }
            Verb::Disable(DisableOptions {
                user,
                keep_applications,
            }) => {
                let path = format!("{}/disable", path(&user));
                let path = with_query(&path, &EndingQuery { keep_applications })?;
                let user: types::User = desk.admin.send(Method::POST, &path).await?;
                out.answer(&user, |user| {
                    let name = &user.username;
                    format!("Disabled {name}. To undo it: cardea user enable {name}")
                })
            }
            Verb::Import(options) => import::import(&desk, options).await,
            Verb::Export(options) => import::export(&desk, options).await,
            Verb::Data(User { user }) => {
                let path = format!("{}/data", path(&user));
                let data: types::UserData = desk.admin.get(&path).await?;
                Output { json: true }.answer(&data, |_| String::new())
            }
            Verb::Factors(options) => options.run(&desk).await,
            Verb::Remove(RemoveOptions { user, .. }) => {
                desk.admin.send::<()>(Method::DELETE, &path(&user)).await?;
                out.answer(&Done::Removed(&user), |_| format!("Removed {user}."))
            }
        }
    }
}

impl Verb {
    /// Asks on the terminal what is needed.
    fn ask(&self) -> anyhow::Result<Option<Secret<String>>> {
        match self {
            Self::Add(AddOptions { invite: true, .. })
            | Self::Password(PasswordOptions { link: true, .. }) => Ok(None),
            Self::Add(options) => new_password(options.password_stdin).map(Some),
            Self::Password(options) => new_password(options.password_stdin).map(Some),
            Self::Remove(RemoveOptions { user, yes }) => {
                let question =
                    format!("Remove {user} with all sessions, consents and grants, for good?");
                confirm(&question, *yes).map(|()| None)
            }
            _ => Ok(None),
        }
    }
}

async fn add(desk: &Desk, options: AddOptions, password: Option<SecretText>) -> anyhow::Result<()> {
    let invite = options.invite.then_some(options.valid);
    let new = NewUser {
        username: options.username,
        password,
        must_change_password: options.must_change,
        email: options.email,
        email_verified: options.email_verified,
        roles: options.role,
        claims: claims(&options.claim)?,
    };
    let added = desk.admin.send_json(Method::POST, "/users", &new).await;
    let user: types::User = added.map_err(|e| in_options(e, OPTIONS, "the member"))?;
    if let Some(valid) = invite {
        return print_link(desk, user.sub.as_str(), UserLinkPurpose::Invite, valid).await;
    }
    desk.out.answer(&user, |user| {
        format!("Added {}, subject {}.", user.username, user.sub)
    })
}

/// The claims of `--claim`. What must be a string is one, though it reads as a number: `birthdate=1970`.
pub(super) fn claims(texts: &[String]) -> anyhow::Result<BTreeMap<String, Value>> {
    let written = texts.iter().filter_map(|text| text.split_once('='));
    let written: BTreeMap<&str, &str> = written.map(|(name, v)| (name.trim(), v)).collect();
    let pairs = pairs(texts, "--claim")?.into_iter();
    Ok(pairs
        .map(|(name, value)| match written.get(name.as_str()) {
            Some(text) if is_text(&name) && value.is_number() => {
                (name, Value::String((*text).to_owned()))
            }
            _ => (name, value),
        })
        .collect())
}
