//! `cardea user factors`

use cardea_server::admin::types::Factors;
use clap::Args;
use http::Method;

use super::Desk;
use crate::{admin::segment, output::details};

#[derive(Args)]
pub(super) struct FactorsOptions {
    /// The user name or the subject.
    #[arg(allow_hyphen_values = true)]
    user: String,
    /// Remove the authenticator app, backup codes and trusted devices. Make sure who asks for it: the password is all that is left.
    #[arg(long)]
    reset: bool,
}

impl FactorsOptions {
    pub(super) async fn run(&self, desk: &Desk) -> anyhow::Result<()> {
        let path = format!("{}/factors", path(&self.user));
        let factors: Factors = match self.reset {
            true => desk.admin.send(Method::DELETE, &path).await?,
            false => desk.admin.get(&path).await?,
        };
        let user = &self.user;
        desk.out.answer(&factors, |factors| match self.reset {
            true => format!("Removed all second factors of {user}."),
            false => details(factors, &["totp", "backup_codes", "trusted_devices"]),
        })
    }
}

/// A user in the administration.
pub(super) fn path(user: &str) -> String {
    format!("/users/{}", segment(user))
}
