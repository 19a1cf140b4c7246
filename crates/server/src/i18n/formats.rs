//! Dates and lists as each language writes them, by the tables of Unicode CLDR.

use std::{fmt::Display, sync::LazyLock};

use cardea_protocol::language::Lang;
use icu_calendar::{Date, Gregorian};
use icu_datetime::{FixedCalendarDateTimeFormatter, fieldsets::YMD};
use icu_list::{
    ListFormatter,
    options::{ListFormatterOptions, ListLength},
};
use icu_locale_core::Locale;
// Its feature `sync` lets the tables be shared by threads.
use icu_provider as _;
use jiff::civil;

struct Formats {
    /// "14 March 2026"
    date: FixedCalendarDateTimeFormatter<Gregorian, YMD>,
    /// "a, b and c"
    and: ListFormatter,
}

/// In the order of [`Lang::ALL`]. None where the tables have no such locale: a test knows that there is none.
static FORMATS: LazyLock<[Option<Formats>; Lang::ALL.len()]> =
    LazyLock::new(|| Lang::ALL.map(read));

/// Reads the tables, so that no request has to.
pub(super) fn load() {
    LazyLock::force(&FORMATS);
}

fn read(lang: Lang) -> Option<Formats> {
    let tag = match lang {
        // The day before the month.
        Lang::En => "en-GB",
        other => other.as_str(),
    };
    let locale: Locale = tag.parse().ok()?;
    let options = ListFormatterOptions::default().with_length(ListLength::Wide);
    Some(Formats {
        date: FixedCalendarDateTimeFormatter::try_new((&locale).into(), YMD::long()).ok()?,
        and: ListFormatter::try_new_and((&locale).into(), options).ok()?,
    })
}

fn formats(lang: Lang) -> Option<&'static Formats> {
    let [en, de, fr, es] = &*FORMATS;
    let formats = match lang {
        Lang::En => en,
        Lang::De => de,
        Lang::Fr => fr,
        Lang::Es => es,
    };
    formats.as_ref()
}

/// A day with its month in words.
pub(crate) fn date(lang: Lang, day: civil::Date) -> String {
    let (month, of_month) = (day.month().unsigned_abs(), day.day().unsigned_abs());
    let date = Date::try_new_gregorian(i32::from(day.year()), month, of_month);
    match (formats(lang), date) {
        (Some(formats), Ok(date)) => formats.date.format(&date).to_string(),
        _ => day.to_string(),
    }
}

/// Several things that all count.
pub(crate) fn all_of<T: Display>(lang: Lang, things: &[T]) -> String {
    let things = things.iter().map(ToString::to_string);
    match formats(lang) {
        Some(formats) => formats.and.format(things).to_string(),
        None => things.collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil;

    use super::*;

    #[test]
    fn a_day_is_written_as_the_language_does() {
        let day = civil::date(2026, 3, 4);
        assert_eq!(
            Lang::ALL.map(|lang| date(lang, day)),
            [
                "4 March 2026",
                "4. März 2026",
                "4 mars 2026",
                "4 de marzo de 2026"
            ]
        );
    }

    #[test]
    fn a_list_is_written_as_the_language_does() {
        let list = ["a", "b", "identidad"];
        assert_eq!(
            Lang::ALL.map(|lang| all_of(lang, &list)),
            [
                "a, b and identidad",
                "a, b und identidad",
                "a, b et identidad",
                "a, b e identidad"
            ]
        );
        assert_eq!(all_of(Lang::En, &["a"]), "a");
        assert_eq!(all_of(Lang::En, &["a", "b"]), "a and b");
        assert_eq!(all_of::<&str>(Lang::En, &[]), "");
    }
}
