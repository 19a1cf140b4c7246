//! `cardea user set`

use cardea_server::admin::types::UserPatch;
use clap::Args;
use http::Method;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    Desk,
    factors::path,
    options::in_options,
    user::{OPTIONS, claims},
    user_answers::said,
};

#[derive(Args)]
pub(super) struct SetOptions {
    /// The user name or the subject.
    #[arg(allow_hyphen_values = true)]
    user: String,
    /// The e-mail address; an empty one removes it.
    #[arg(long)]
    email: Option<String>,
    /// Whether the address was verified.
    #[arg(long, value_name = "true|false")]
    email_verified: Option<bool>,
    /// A role, as tokens carry it, in place of all that the user has. Can be repeated.
    #[arg(long, value_name = "ROLE", conflicts_with_all = ["add_role", "remove_role"])]
    role: Vec<String>,
    /// A role to add. Can be repeated.
    #[arg(long, value_name = "ROLE")]
    add_role: Vec<String>,
    /// A role to remove. Can be repeated.
    #[arg(long, value_name = "ROLE")]
    remove_role: Vec<String>,
    /// Remove all roles.
    #[arg(long, conflicts_with_all = ["role", "add_role", "remove_role"])]
    no_roles: bool,
    /// When the account expires: a time, or a date (midnight UTC). From then on the user is as if disabled; never lifts it.
    #[arg(long, value_name = "TIME|never", value_parser = expiry)]
    expires: Option<Expiry>,
    /// Ask for a new password at the next login with the current one.
    #[arg(long)]
    must_change: bool,
    /// Ask for none.
    #[arg(long, conflicts_with = "must_change")]
    no_must_change: bool,
    /// A claim. Can be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    claim: Vec<String>,
}

/// When an account expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expiry {
    At(Timestamp),
    Never,
}

fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    let midnight = |date: Date| date.to_zoned(TimeZone::UTC).map(|day| day.timestamp());
    let time = match text.parse::<Date>() {
        // A time reads as its date, too.
        Ok(date) if text.len() == DATE_LENGTH => midnight(date),
        _ => text.parse(),
    };
    time.map(Expiry::At)
        .map_err(|_| "write it like 2027-01-31, 2027-01-31T18:00:00Z or never".to_owned())
}

/// `2027-01-31`
const DATE_LENGTH: usize = 10;

pub(super) async fn set(desk: &Desk, options: SetOptions) -> anyhow::Result<()> {
    let all_roles = options.no_roles || !options.role.is_empty();
    let changes = UserPatch {
        email: options.email,
        email_verified: options.email_verified,
        roles: all_roles.then_some(options.role),
        add_roles: options.add_role,
        remove_roles: options.remove_role,
        must_change_password: match (options.must_change, options.no_must_change) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        },
        expires_at: options.expires.map(|expiry| match expiry {
            Expiry::At(time) => Some(time),
            Expiry::Never => None,
        }),
        claims: claims(&options.claim)?,
    };
    if changes == UserPatch::default() {
        anyhow::bail!("no change was given; cardea user set --help lists the options");
    }
    let path = path(&options.user);
    let changed = desk.admin.send_json(Method::PATCH, &path, &changes).await;
    let user = changed.map_err(|e| in_options(e, OPTIONS, "the member"))?;
    said(desk, "Changed", &user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_expires_at_a_time_on_a_date_or_never() {
        let at = |text: &str| Ok(Expiry::At(text.parse().unwrap()));
        assert_eq!(expiry("never"), Ok(Expiry::Never));
        assert_eq!(expiry("2027-01-31"), at("2027-01-31T00:00:00Z"));
        let time = "2027-01-31T18:00:00+02:00";
        assert_eq!(expiry(time), at("2027-01-31T16:00:00Z"));
        for bad in [
            "",
            "7d",
            "Never",
            "2027-02-30",
            "2027-01-31T18:00",
            "31.1.2027",
        ] {
            let said = expiry(bad).unwrap_err();
            assert!(said.contains("2027-01-31"), "{bad}");
        }
    }
}
