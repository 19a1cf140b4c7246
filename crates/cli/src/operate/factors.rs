//! `cardea user factors`

use cardea_server::admin::types::{
    FactorResetLink, Factors, LinkDelivery, NewFactorResetLink, ResetQuery,
};
use cardea_web::config::Duration;
use clap::Args;
use http::Method;

use super::Desk;
use crate::{
    admin::{segment, with_query},
    output::{details, word},
};

#[derive(Args)]
pub(super) struct FactorsOptions {
    /// The user name or the subject.
    #[arg(allow_hyphen_values = true)]
    user: String,
    /// Remove the authenticator app, passkeys, backup codes and trusted devices. Make sure who asks for it: the password is all that
    /// is left. With [mfa] reset_delay this happens after the delay: the user is told by mail at once, and a sign-in with one of the
    /// factors before that cancels it.
    #[arg(long)]
    reset: bool,
    /// Do not wait for [mfa] reset_delay.
    #[arg(long, requires = "reset", conflicts_with = "link")]
    now: bool,
    /// Remove nothing yet: print a link, for one use, to hand over. With it and the password the user removes the factors, after
    /// [mfa] reset_delay if that is set. It replaces a link before it; a sign-in with one of the factors cancels it.
    #[arg(long, requires = "reset")]
    link: bool,
    /// Mail the link to the user's verified address instead of printing it.
    #[arg(long, requires = "link")]
    mail: bool,
    /// How long the link can be used, from 15m to 7d.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "24h",
        requires = "link"
    )]
    valid: Duration,
    /// Cancel a reset that is pending, with its link.
    #[arg(long, conflicts_with = "reset")]
    cancel_reset: bool,
}

impl FactorsOptions {
    pub(super) async fn run(&self, desk: &Desk) -> anyhow::Result<()> {
        let path = format!("{}/factors", path(&self.user));
        match (self.reset, self.link) {
            (true, true) => self.make_link(desk, &path).await,
            (true, false) => self.reset(desk, &path).await,
            (false, _) if self.cancel_reset => {
                let path = format!("{path}/reset");
                let factors: Factors = desk.admin.send(Method::DELETE, &path).await?;
                let user = &self.user;
                let said =
                    |_: &Factors| format!("Cancelled the reset. The factors of {user} stay.");
                desk.out.answer(&factors, said)
            }
            (false, _) => {
                let factors: Factors = desk.admin.get(&path).await?;
                desk.out.answer(&factors, |factors| {
                    details(
                        factors,
                        &["totp", "passkeys", "backup_codes", "trusted_devices"],
                    )
                })
            }
        }
    }

    async fn reset(&self, desk: &Desk, path: &str) -> anyhow::Result<()> {
        let path = with_query(path, &ResetQuery { now: self.now })?;
        let factors: Factors = desk.admin.send(Method::DELETE, &path).await?;
        let user = &self.user;
        desk.out.answer(&factors, |factors| match &factors.reset_from {
            None => format!("Removed all second factors of {user}."),
            Some(from) => format!(
                "All second factors of {user} will be removed at {}, unless {user} signs in with one of them before.\n\n\
                 To remove them at once: cardea user factors {user} --reset --now\n\
                 To keep them: cardea user factors {user} --cancel-reset",
                word(from)
            ),
        })
    }

    async fn make_link(&self, desk: &Desk, path: &str) -> anyhow::Result<()> {
        let new = NewFactorResetLink {
            delivery: match self.mail {
                true => LinkDelivery::Mail,
                false => LinkDelivery::Response,
            },
            valid_seconds: self.valid.get().as_secs(),
        };
        let path = format!("{path}/reset");
        let link: FactorResetLink = desk.admin.send_json(Method::POST, &path, &new).await?;
        desk.out
            .answer(&link, |link| match (&link.url, &link.mailed_to) {
                (Some(url), _) => url.clone(),
                (None, address) => format!(
                    "Mailed the link to {}. It works from {} until {}.",
                    address.as_deref().unwrap_or_default(),
                    word(&link.valid_from),
                    word(&link.expires_at)
                ),
            })
    }
}

/// A user in the administration.
pub(super) fn path(user: &str) -> String {
    format!("/users/{}", segment(user))
}
