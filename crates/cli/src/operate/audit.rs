//! `cardea audit`

use std::time::Duration;

use cardea_web::clock::{Clock as _, SystemClock};
use clap::Args;
use form_urlencoded::Serializer;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

use super::Desk;
use crate::{
    config::Run,
    output::{List, word},
};

/// How often `--follow` asks.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// The largest page.
const PAGE: usize = 500;

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
    /// How many to show.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Show new rows as they are written, the oldest first, until Ctrl-C; with --json one document a line.
    #[arg(long)]
    follow: bool,
}

impl AuditOptions {
    pub(crate) async fn run(self, run: Run) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let since = self.since.as_deref().map(|text| moment(text, now));
        let since = since.transpose()?;
        let desk = Desk::open(run).await?;
        let rows = desk.admin.get(&self.path(since, self.limit, 0)).await?;
        if !self.follow {
            return desk.out.list(&rows, &LIST);
        }
        let mut seen = i64::MIN;
        let mut news = items(rows);
        loop {
            // The newest first: what was written first is shown first.
            for row in news.iter().rev() {
                desk.out.row(row, &LIST)?;
            }
            seen = news.iter().map(id).max().unwrap_or(seen).max(seen);
            tokio::time::sleep(POLL_EVERY).await;
            news = self.after(&desk, since, seen).await?;
        }
    }

    /// All rows after this one, the newest first.
    async fn after(
        &self,
        desk: &Desk,
        since: Option<Timestamp>,
        seen: i64,
    ) -> anyhow::Result<Vec<Value>> {
        let mut found = Vec::new();
        loop {
            let path = self.path(since, PAGE as u32, found.len());
            let page = items(desk.admin.get(&path).await?);
            let full = page.len() == PAGE;
            let before = page.len();
            found.extend(page.into_iter().filter(|row| id(row) > seen));
            if !full || !found.len().is_multiple_of(before) {
                return Ok(found);
            }
        }
    }

    fn path(&self, since: Option<Timestamp>, limit: u32, offset: usize) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("limit", &limit.to_string());
        query.append_pair("offset", &offset.to_string());
        let named = [
            ("user", self.user.clone()),
            ("client", self.client.clone()),
            ("event", self.event.clone()),
            ("since", since.map(|since| since.to_string())),
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

fn items(mut answer: Value) -> Vec<Value> {
    match answer.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
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
