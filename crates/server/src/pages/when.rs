use std::fmt;

use jiff::Timestamp;

/// A moment in words: near ones by distance, since the server does not know the time zone of its users.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    at: Timestamp,
    now: Timestamp,
}

impl When {
    /// The moment `at`, as seen from `now`.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// For the attribute `datetime`.
    pub(crate) fn machine(&self) -> String {
        self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The exact moment, for the attribute `title`.
    pub(crate) fn exact(&self) -> String {
        self.at.strftime("%-d %B %Y, %H:%M UTC").to_string()
    }
}

#[cfg(test)]
impl When {
    /// So many minutes ago, on a fixed day.
    pub(crate) fn sample(minutes: i64) -> Self {
        let second = 1_773_481_260;
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        Self::new(at(second - minutes * 60), at(second))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.now.as_second().saturating_sub(self.at.as_second()) / 60;
        match minutes {
            ..1 => f.write_str("just now"),
            1..60 => ago(f, minutes, "minute"),
            60..1440 => ago(f, minutes / 60, "hour"),
            1440..10080 => ago(f, minutes / 1440, "day"),
            _ => write!(f, "on {}", self.at.strftime("%-d %B %Y")),
        }
    }
}

fn ago(f: &mut fmt::Formatter<'_>, count: i64, unit: &str) -> fmt::Result {
    let plural = if count == 1 { "" } else { "s" };
    write!(f, "{count} {unit}{plural} ago")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::Timestamp;

    use super::When;

    #[test]
    fn a_moment_is_said_by_its_distance_and_an_old_one_by_its_date() {
        let at = Timestamp::from_second(1_773_481_260).unwrap();
        let said = |seconds: i64| {
            let now = Timestamp::from_second(at.as_second() + seconds).unwrap();
            When::new(at, now).to_string()
        };
        assert_eq!(said(-3600), "just now");
        assert_eq!(said(59), "just now");
        assert_eq!(said(60), "1 minute ago");
        assert_eq!(said(59 * 60), "59 minutes ago");
        assert_eq!(said(3600), "1 hour ago");
        assert_eq!(said(26 * 3600), "1 day ago");
        assert_eq!(said(6 * 86_400), "6 days ago");
        assert_eq!(said(7 * 86_400), "on 14 March 2026");
    }

    #[test]
    fn the_exact_moment_is_there_for_machines_and_on_hover() {
        let at = Timestamp::from_second(1_773_481_260).unwrap();
        let when = When::new(at, at);
        assert_eq!(when.machine(), "2026-03-14T09:41:00Z");
        assert_eq!(when.exact(), "14 March 2026, 09:41 UTC");
    }
}
