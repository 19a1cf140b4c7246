//! `cardea audit`

use std::time::Duration;

use cardea_server::admin::types::{Actor, AuditEntry, AuditQuery, List};
use cardea_web::clock::{Clock as _, SystemClock};
use clap::Args;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::{
    Desk,
    options::{Options, in_options},
};
use crate::{
    admin::with_query,
    commands::PageOptions,
    config::Run,
    output::{Columns, word},
};

const OPTIONS: Options = &[("event", "--event"), ("client_id", "--client")];

/// How often `--follow` asks.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// The largest page.
const MAX_LIMIT: u32 = 500;

/// Show the audit: logins, failed logins, consents, revocations and what operators changed, the newest first.
///
/// docs/reference/audit-events.md lists the events.
#[derive(Args)]
#[command(after_help = "Examples:
  cardea audit --user alice --since 7d
  cardea audit --event login_failed --follow
  cardea audit --client spa --json | jq -r '.items[].event'")]
pub(crate) struct AuditOptions {
    /// Of this user: the user name or the subject; the subject of a removed user is known too.
    #[arg(long, allow_hyphen_values = true)]
    user: Option<String>,
    /// Of this client.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    client: Option<String>,
    /// Of this kind, such as login_failed.
    #[arg(long)]
    event: Option<String>,
    /// From this time on: 30m, 12h, 7d, 2026-01-31 or 2026-01-31T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    #[command(flatten)]
    page: PageOptions,
    /// Show new rows as they are written, the oldest first, until Ctrl-C; with --json one document a line.
    #[arg(long, conflicts_with = "after")]
    follow: bool,
}

impl AuditOptions {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let since = self.since.as_deref().map(|text| moment(text, now));
        let since = since.transpose()?;
        let desk = Desk::open(run).await?;
        let first = self.query(since);
        let page = desk.admin.get(&with_query("/audit", &first)?).await;
        let page: List<AuditEntry> = page.map_err(|e| in_options(e, OPTIONS, "the parameter"))?;
        if !self.follow {
            return desk.out.list(&page, &COLUMNS);
        }
        let mut seen = None;
        let mut news = page.items;
        loop {
            // The newest first: what was written first is shown first.
            for entry in news.iter().rev() {
                desk.out.row(entry, &COLUMNS)?;
            }
            seen = news.iter().map(|entry| entry.id).max().max(seen);
            tokio::time::sleep(POLL_EVERY).await;
            news = self.newer(&desk, since, seen).await?;
        }
    }

    /// All entries that were written after this one, the newest first.
    async fn newer(
        &self,
        desk: &Desk,
        since: Option<Timestamp>,
        seen: Option<i64>,
    ) -> anyhow::Result<Vec<AuditEntry>> {
        // What is newer than an entry of the period is in the period.
        let mut query = AuditQuery {
            limit: MAX_LIMIT,
            ..self.query(since.filter(|_| seen.is_none()))
        };
        let mut found = Vec::new();
        loop {
            let page: List<AuditEntry> = desk.admin.get(&with_query("/audit", &query)?).await?;
            for entry in page.items {
                if Some(entry.id) <= seen {
                    return Ok(found);
                }
                found.push(entry);
            }
            query.after = page.next;
            if query.after.is_none() {
                return Ok(found);
            }
        }
    }

    fn query(&self, since: Option<Timestamp>) -> AuditQuery {
        AuditQuery {
            limit: self.page.limit,
            after: self.page.after.clone(),
            user: self.user.clone(),
            client: self.client.clone(),
            event: self.event.clone(),
            since,
        }
    }
}

const COLUMNS: Columns<'_, AuditEntry> = Columns {
    names: &["TIME", "EVENT", "USER", "CLIENT", "ADDRESS", "BY", "DETAIL"],
    row: |entry| {
        let user = match &entry.username {
            Some(name) => name.to_string(),
            None => word(&entry.subject),
        };
        vec![
            word(&entry.at),
            word(&entry.event),
            user,
            word(&entry.client_id),
            word(&entry.address),
            by(&entry.actor),
            word(&entry.detail),
        ]
    },
    empty: "No rows match.",
};

fn by(actor: &Actor) -> String {
    match actor {
        Actor::Stranger => "stranger".to_owned(),
        Actor::Person(subject) => format!("user {subject}"),
        Actor::Client(client) => format!("client {client}"),
        Actor::Operator(name) => operator(name),
        Actor::System => "system".to_owned(),
    }
}

/// The operator is known by the id of a user of the provider's machine; this machine may know the name.
fn operator(id: &str) -> String {
    match id.parse::<u32>().ok().and_then(user_name) {
        Some(name) => format!("operator {name} (user id {id})"),
        None => format!("operator with user id {id}"),
    }
}

fn user_name(id: u32) -> Option<String> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    name_in(&users, id)
}

/// passwd(5): the name and the id are the first and the third field.
fn name_in(users: &str, id: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, of_user) = (fields.next()?, fields.nth(1)?);
        (of_user.parse() == Ok(id)).then(|| name.to_owned())
    })
}

/// A time, a date (midnight UTC), or how long ago.
fn moment(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    if let Ok(date) = text.parse::<Date>() {
        return Ok(date.to_zoned(TimeZone::UTC)?.timestamp());
    }
    let unit = match text.as_bytes().last() {
        Some(b's') => 1,
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        _ => 0,
    };
    let number = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    match number.parse::<u32>() {
        Ok(number) if unit > 0 => {
            let ago = SignedDuration::from_secs(i64::from(number) * unit);
            Ok(now.saturating_sub(ago)?)
        }
        _ => anyhow::bail!(
            "--since {text}: write it like 30m, 12h, 7d, 2026-01-31 or 2026-01-31T08:00:00Z"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n4_the_operator_is_named() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\nbroken\nalice:x:1000:1000::/srv/alice:/bin/sh\n";
        assert_eq!(name_in(users, 0).as_deref(), Some("root"));
        assert_eq!(name_in(users, 1000).as_deref(), Some("alice"));
        assert_eq!(name_in(users, 4711), None);
        assert_eq!(operator("4294967295"), "operator with user id 4294967295");
    }

    #[test]
    fn n4_a_time_is_a_moment_a_date_or_a_while_ago() {
        let now: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("30s", "2026-01-31T23:59:30Z"),
            ("15m", "2026-01-31T23:45:00Z"),
            ("12h", "2026-01-31T12:00:00Z"),
            ("7d", "2026-01-25T00:00:00Z"),
            ("2026-01-02", "2026-01-02T00:00:00Z"),
            ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05Z"),
        ] {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(moment(text, now).unwrap(), expected, "{text}");
        }
        for bad in ["", "d", "7", "7w", "-1d", "yesterday", "é"] {
            assert!(moment(bad, now).is_err(), "{bad}");
        }
    }
}
