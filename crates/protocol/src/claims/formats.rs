//! The formats of OpenID Core §5.1 that the text of a claim must have.

use jiff::civil::Date;
use url::Url;

/// Checks the text of a claim whose format is defined.
pub(super) fn check(name: &str, text: &str) -> Result<(), String> {
    let (right, format) = match name {
        "birthdate" => (
            is_birthdate(text),
            "a date YYYY-MM-DD, a year YYYY, or 0000-MM-DD without the year",
        ),
        "profile" | "picture" | "website" => (
            is_url(text),
            "an http or https URL such as https://example.com/alice",
        ),
        "zoneinfo" => (is_zone(text), "a time zone such as Europe/Paris"),
        "locale" => (is_locale(text), "a language tag such as en or en-US"),
        _ => return Ok(()),
    };
    match right {
        true => Ok(()),
        false => Err(format!("it must be {format}")),
    }
}

/// ISO 8601-1 `YYYY-MM-DD`; the year is 0000 when it is omitted, and a year can stand for itself.
fn is_birthdate(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match text.len() {
        4 => digits(text) && text != "0000",
        // The shape first: other forms of a date have the same length.
        10 => {
            let mut parts = text.split('-');
            let shape = [4, 2, 2].into_iter().all(|length| {
                parts
                    .next()
                    .is_some_and(|part| part.len() == length && digits(part))
            });
            // The year 0 is a leap year: 29 February is a birthday.
            shape && parts.next().is_none() && text.parse::<Date>().is_ok()
        }
        _ => false,
    }
}

/// Applications show it as a link or load it as an image.
fn is_url(text: &str) -> bool {
    let written = text
        .bytes()
        .all(|b| !b.is_ascii_whitespace() && !b.is_ascii_control());
    written
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.password().is_none()
        })
}

/// The form of the names of the IANA time zone database; the database itself changes.
fn is_zone(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
    };
    text.len() <= 64 && text.split('/').all(part)
}

/// RFC 5646 §2.1 in outline; OpenID Core §5.1 allows `_` too.
fn is_locale(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    let in_bounds = |part: &str| (1..=8).contains(&part.len());
    (2..=8).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| in_bounds(part) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn c3_the_formats_of_openid_core_5_1_are_checked() {
        for (name, good) in [
            ("birthdate", "1970"),
            ("birthdate", "1970-01-31"),
            ("birthdate", "0000-12-24"),
            ("birthdate", "0000-02-29"),
            ("birthdate", "2000-02-29"),
            ("picture", "https://cdn.example.com/a.png?size=64"),
            ("profile", "http://example.com/~alice"),
            ("website", "https://xn--mnchen-3ya.example/#x"),
            ("website", "https://münchen.example/"),
            ("zoneinfo", "Europe/Paris"),
            ("zoneinfo", "America/Argentina/Buenos_Aires"),
            ("zoneinfo", "UTC"),
            ("zoneinfo", "Etc/GMT+5"),
            ("locale", "en"),
            ("locale", "en-US"),
            ("locale", "fr_CA"),
            ("locale", "zh-Hant-TW"),
            ("nickname", "anything at all"),
        ] {
            assert_eq!(check(name, good), Ok(()), "{name} {good}");
        }
        for (name, bad) in [
            ("birthdate", ""),
            ("birthdate", "70"),
            ("birthdate", "0000"),
            ("birthdate", "yesterday"),
            ("birthdate", "1970-13-01"),
            ("birthdate", "1970-02-30"),
            ("birthdate", "1971-02-29"),
            ("birthdate", "1970-1-1"),
            ("birthdate", "31.01.1970"),
            ("birthdate", "1970/01/31"),
            ("birthdate", "1970-01"),
            ("birthdate", "1970-01-31T00:00"),
            ("birthdate", "+970-01-31"),
            ("birthdate", "1970-W01-1"),
            ("birthdate", "١٩٧٠"),
            ("picture", ""),
            ("picture", "a.png"),
            ("picture", "/a.png"),
            ("picture", "//cdn.example.com/a.png"),
            ("picture", "javascript:alert(1)"),
            ("picture", "data:image/png;base64,AAAA"),
            ("profile", "example.com/alice"),
            ("profile", "https://"),
            ("profile", "https://a b.example/"),
            ("profile", "https://example.com/a b"),
            ("profile", " https://example.com/"),
            ("profile", "https://example.com/\n"),
            ("website", "ftp://example.com/"),
            ("website", "mailto:alice@example.com"),
            ("website", "https://u:p@example.com/"),
            ("zoneinfo", "Paris time"),
            ("zoneinfo", "/Europe"),
            ("zoneinfo", ""),
            ("locale", "English please"),
            ("locale", "e"),
            ("locale", "en-"),
            ("locale", ""),
        ] {
            let problem = check(name, bad).unwrap_err();
            assert!(
                problem.starts_with("it must be a"),
                "{name} {bad}: {problem}"
            );
        }
    }
}
