//! The languages of the pages, and the choice between them (RFC 4647, RFC 9110 §12.5.4, OpenID Core §3.1.2.1).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longer lists are cut: a browser sends a handful of languages.
const MAX_LIST_BYTES: usize = 1024;
const MAX_RANGES: usize = 32;
/// The weight of a range without `q`, in thousandths.
const FULL_WEIGHT: u16 = 1000;

/// A language that pages and mails are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English
    #[default]
    En,
    /// German
    De,
    /// French
    Fr,
    /// Spanish
    Es,
}

impl Lang {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::Fr, Self::Es];

    /// The language tag (RFC 5646).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
        }
    }

    /// The language of a tag or range: `de-AT` gives German. `None` for a language without texts, and for what is no tag.
    #[must_use]
    pub fn lookup(range: &str) -> Option<Self> {
        // RFC 4647 §3.4: subtags are removed from the end until a supported tag is left. All supported tags are one subtag.
        let primary = range.split('-').next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|lang| lang.as_str().eq_ignore_ascii_case(primary))
    }

    /// The first language of `ui_locales` that there are texts in.
    #[must_use]
    pub fn of_ui_locales(text: &str) -> Option<Self> {
        // OpenID Core §3.1.2.1: separated by spaces, the preferred first; unsupported ones are no error.
        bounded(text)
            .split(' ')
            .filter(|tag| !tag.is_empty())
            .take(MAX_RANGES)
            .find_map(Self::lookup)
    }

    /// The language that `Accept-Language` weighs highest. `None` if it accepts none of them, or any.
    #[must_use]
    pub fn of_accept_language(text: &str) -> Option<Self> {
        let mut best = (0, None);
        for range in bounded(text).split(',').take(MAX_RANGES) {
            let (range, weight) = weighed(range);
            // RFC 4647 §3.4.2: `*` by itself stands for the default.
            let lang = Self::lookup(range);
            if weight > best.0 && (lang.is_some() || range == "*") {
                best = (weight, lang);
            }
        }
        best.1
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The head of a list. What is cut off in the middle of a tag is at its end, where it counts least.
fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_LIST_BYTES))
        .unwrap_or_default()
}

/// A range and its weight in thousandths. RFC 9110 §12.4.2: zero is "not acceptable", and so is a weight that can't be read.
fn weighed(range: &str) -> (&str, u16) {
    let (range, parameter) = range.split_once(';').unwrap_or((range, ""));
    let parameter = parameter.trim();
    let weight = match parameter.split_once('=') {
        None if parameter.is_empty() => FULL_WEIGHT,
        Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => thousandths(value.trim()),
        _ => 0,
    };
    (range.trim(), weight)
}

/// RFC 9110 §12.4.2: `0` or `1`, with at most three decimals.
fn thousandths(text: &str) -> u16 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "1" => FULL_WEIGHT,
        "0" => decimals
            .bytes()
            .chain(std::iter::repeat(b'0'))
            .take(3)
            .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tag_is_shortened_until_there_are_texts_in_its_language() {
        assert_eq!(Lang::lookup("de-AT"), Some(Lang::De));
        assert_eq!(Lang::lookup("FR-ca-x-private"), Some(Lang::Fr));
        assert_eq!(Lang::lookup("es-419"), Some(Lang::Es));
        for none in ["", "-", "nl", "den", "d", "*", "de_AT", "deutsch", "x-de"] {
            assert_eq!(Lang::lookup(none), None, "{none}");
        }
    }

    #[test]
    fn ui_locales_is_a_list_by_preference_and_what_is_unknown_is_skipped() {
        assert_eq!(Lang::of_ui_locales("nl de-CH en"), Some(Lang::De));
        assert_eq!(Lang::of_ui_locales("  fr"), Some(Lang::Fr));
        assert_eq!(Lang::of_ui_locales("nl"), None);
        assert_eq!(Lang::of_ui_locales(""), None);
        assert_eq!(Lang::of_ui_locales("<script>\r\n de"), Some(Lang::De));
        let late = format!("{}de", "nl ".repeat(MAX_RANGES));
        assert_eq!(Lang::of_ui_locales(&late), None);
        assert_eq!(Lang::of_ui_locales(&"é".repeat(8 * 1024)), None);
    }

    #[test]
    fn accept_language_is_a_list_by_weight() {
        for (text, expected) in [
            ("de", Some(Lang::De)),
            ("de-AT,de;q=0.9,en;q=0.8", Some(Lang::De)),
            ("en;q=0.5, fr ; q=0.75, es;q=0.7", Some(Lang::Fr)),
            ("nl, es;q=0.1", Some(Lang::Es)),
            ("de;q=0.5, en;q=0.5", Some(Lang::De)),
            ("de;q=0", None),
            ("de;q=0, fr;q=0.001", Some(Lang::Fr)),
            ("*", None),
            ("*, de;q=0.5", None),
            ("*;q=0.1, de;q=0.5", Some(Lang::De)),
            ("de;q=1.000", Some(Lang::De)),
            ("", None),
        ] {
            assert_eq!(Lang::of_accept_language(text), expected, "{text}");
        }
    }

    #[test]
    fn a_weight_that_cant_be_read_counts_nothing() {
        for text in [
            "de;q=",
            "de;q=2",
            "de;q=-1",
            "de;q=0.1234",
            "de;q=1e3",
            "de;q=0.+1",
            "de;level=1",
            "de;q",
        ] {
            assert_eq!(Lang::of_accept_language(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_sent_gives_an_answer(text in ".{0,2000}") {
            let _ = Lang::of_accept_language(&text);
            let _ = Lang::of_ui_locales(&text);
        }

        /// Against the rule in its plain words: the highest weight, the first among equals.
        #[test]
        fn the_highest_weight_wins(list in prop::collection::vec((0..5_usize, 0..=1000_u16), 0..20)) {
            let tags = ["en-GB", "de", "fr", "es", "nl"];
            let text: Vec<String> = list
                .iter()
                .map(|(tag, weight)| format!("{};q={}.{:03}", tags[*tag], weight / 1000, weight % 1000))
                .collect();
            let known = list.iter().filter(|(tag, weight)| *tag < 4 && *weight > 0);
            let highest = known.clone().map(|(_, weight)| *weight).max();
            let first = known.clone().find(|(_, weight)| Some(*weight) == highest);
            let expected = first.and_then(|(tag, _)| Lang::lookup(tags[*tag]));
            prop_assert_eq!(Lang::of_accept_language(&text.join(",")), expected);
        }
    }
}
