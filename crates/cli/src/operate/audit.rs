//! `cardea audit`

use std::time::Duration;

use cardea_web::clock::{Clock as _, SystemClock};
use clap::Args;
use form_urlencoded::Serializer;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

use super::Desk;
use crate::{
    commands::PageOptions,
    config::Run,
    output::{List, word},
};

/// How often `--follow` asks.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// The largest page.
const PAGE: u32 = 500;

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
        let after = self.page.after.as_deref();
        let path = self.path(since, self.page.limit, after);
        let rows = desk.admin.get(&path).await?;
        if !self.follow {
            return desk.out.list(&rows, &LIST);
        }
        let mut seen = i64::MIN;
        let mut news = items(rows).0;
        loop {
            // The newest first: what was written first is shown first.
            for row in news.iter().rev() {
                desk.out.row(row, &LIST)?;
            }
            seen = news.iter().map(id).max().unwrap_or(seen).max(seen);
            tokio::time::sleep(POLL_EVERY).await;
            news = self.newer(&desk, since, seen).await?;
        }
    }

    /// All rows that were written after this one, the newest first.
    async fn newer(
        &self,
        desk: &Desk,
        since: Option<Timestamp>,
        seen: i64,
    ) -> anyhow::Result<Vec<Value>> {
        // What is new is in the period, and the search for its first row is saved.
        let since = since.filter(|_| seen == i64::MIN);
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let path = self.path(since, PAGE, after.as_deref());
            let (page, next) = items(desk.admin.get(&path).await?);
            let read = page.len();
            let before = found.len();
            found.extend(page.into_iter().take_while(|row| id(row) > seen));
            if next.is_none() || found.len() - before < read {
                return Ok(found);
            }
            after = next;
        }
    }

    fn path(&self, since: Option<Timestamp>, limit: u32, after: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("limit", &limit.to_string());
        let named = [
            ("user", self.user.clone()),
            ("client", self.client.clone()),
            ("event", self.event.clone()),
            ("since", since.map(|since| since.to_string())),
            ("after", after.map(str::to_owned)),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        format!("/audit?{}", query.finish())
    }
}

const LIST: List<'static> = List {
    columns: &["TIME", "EVENT", "USER", "CLIENT", "ADDRESS", "BY", "DETAIL"],
    row: |row| {
        let user = match word(row, "username") {
            name if name.is_empty() => word(row, "subject"),
            name => name,
        };
        let actor = row.get("actor").unwrap_or(&Value::Null);
        let by = format!("{} {}", word(actor, "kind"), word(actor, "id"));
        vec![
            word(row, "at"),
            word(row, "event"),
            user,
            word(row, "client_id"),
            word(row, "address"),
            by.trim().to_owned(),
            word(row, "detail"),
        ]
    },
    empty: "There are no such rows.",
};

fn items(mut answer: Value) -> (Vec<Value>, Option<String>) {
    let next = answer.get("next").and_then(Value::as_str);
    let next = next.map(str::to_owned);
    match answer.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => (items, next),
        _ => (Vec::new(), next),
    }
}

fn id(row: &Value) -> i64 {
    row.get("id").and_then(Value::as_i64).unwrap_or_default()
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
