use jiff::{Timestamp, tz::TimeZone};

use super::Shell;
use crate::i18n::{self, Key, Markup};

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
    fn machine(&self) -> String {
        self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The exact moment, for the attribute `title`.
    pub(crate) fn exact(&self, shell: &Shell<'_>) -> String {
        let exact = shell
            .t_with("when-exact")
            .owned_text("date", self.date(shell));
        let time = self.at.strftime("%H:%M").to_string();
        exact.owned_text("time", time).plain()
    }

    /// The distance, or the day.
    pub(crate) fn words(&self, shell: &Shell<'_>) -> String {
        let minutes = self.now.as_second().saturating_sub(self.at.as_second()) / 60;
        let ago = |key, unit, count: i64| shell.t_with(key).count(unit, count).plain();
        match minutes {
            ..1 => shell.t("when-now").to_owned(),
            1..60 => ago(Key("when-minutes"), "minutes", minutes),
            60..1440 => ago(Key("when-hours"), "hours", minutes / 60),
            1440..10080 => ago(Key("when-days"), "days", minutes / 1440),
            _ => {
                let day = shell
                    .t_with("when-date")
                    .owned_text("date", self.date(shell));
                day.plain()
            }
        }
    }

    /// The words, with the exact moment for machines and on hover.
    pub(crate) fn time(&self, shell: &Shell<'_>) -> Markup {
        // Neither has a character that HTML would need escaped.
        let (machine, exact) = (self.machine(), self.exact(shell));
        let open = format!("<time datetime=\"{machine}\" title=\"{exact}\">");
        Markup::new(&open, self.words(shell), "</time>")
    }

    /// The exact moment, for one that is to come.
    pub(crate) fn moment(&self, shell: &Shell<'_>) -> Markup {
        let open = format!("<time datetime=\"{}\">", self.machine());
        Markup::new(&open, self.exact(shell), "</time>")
    }

    fn date(&self, shell: &Shell<'_>) -> String {
        i18n::date(shell.lang, self.at.to_zoned(TimeZone::UTC).date())
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::Timestamp;

    use super::{Shell, When};

    #[test]
    fn a_moment_is_said_by_its_distance_and_an_old_one_by_its_date() {
        let at = Timestamp::from_second(1_773_481_260).unwrap();
        let said = |seconds: i64| {
            let now = Timestamp::from_second(at.as_second() + seconds).unwrap();
            When::new(at, now).words(&Shell::sample())
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
        assert_eq!(when.exact(&Shell::sample()), "14 March 2026, 09:41 UTC");
    }
}
