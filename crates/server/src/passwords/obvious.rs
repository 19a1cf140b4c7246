//! What attackers try beside lists of words: famous examples, rows of the keyboard, a word that is repeated.

use std::collections::HashSet;

/// Letters and digits of passwords and phrases that everyone has read. What begins with one of them, with little after it, is refused.
const EXAMPLES: &[&str] = &[
    "correcthorsebatterystaple",
    "staplebatteryhorsecorrect",
    "batteryhorsestaplecorrect",
    "horsebatterystaplecorrect",
    "tr0ub4dor",
    "troub4dor",
    "troubador3",
    "thequickbrownfox",
    "thequickbrownfoxjumpsoverthelazydog",
    "loremipsum",
    "loremipsumdolorsitamet",
    "maytheforcebewithyou",
    "tobeornottobe",
    "tobeornottobethatisthequestion",
    "onceuponatime",
    "winteriscoming",
    "itwasadarkandstormynight",
    "allworkandnoplaymakesjackadullboy",
    "imlovinit",
    "openthepodbaydoorshal",
    "thisismypassword",
    "thisisapassword",
    "thisisasecret",
    "mypasswordissecret",
    "mysecretpassword",
    "changemeplease",
    "pleasechangeme",
    "changeme",
    "letmeinplease",
    "opensesame",
    "donttellanyone",
    "iforgotmypassword",
    "forgotmypassword",
    "newpassword",
    "defaultpassword",
    "temporarypassword",
    "examplepassword",
    "testpassword",
    "supersecretpassword",
    "supersecret",
    "topsecret",
    "thisisnotapassword",
    "thisisnotmypassword",
    "thisisnotthepassword",
    "notapassword",
    "nevergonnagiveyouup",
    "nevergonnaletyoudown",
    "youshallnotpass",
    "hellohowareyou",
    "iloveyouforever",
    "twinkletwinklelittlestar",
    "rosesarered",
    "rosesareredvioletsareblue",
    "maryhadalittlelamb",
    "humptydumptysatonawall",
];

/// Words that are known in an order: numbers, weekdays, months, the spelling alphabet.
const SERIES: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "alpha",
    "alfa",
    "bravo",
    "charlie",
    "delta",
    "echo",
    "foxtrot",
    "golf",
    "hotel",
    "india",
    "juliet",
    "kilo",
    "lima",
    "mike",
    "oscar",
    "papa",
    "quebec",
    "romeo",
    "sierra",
    "tango",
    "uniform",
    "victor",
    "whiskey",
    "xray",
    "yankee",
    "zulu",
];

/// What a password must have beside a series.
const LEFT_WITHOUT_SERIES: usize = 6;

/// A key that stands so often in a row counts once.
const HELD_DOWN: usize = 3;

/// What may follow an example: a number, a year, an exclamation mark.
const AFTER_EXAMPLE: usize = 6;

/// Rows and columns of keyboards, the alphabet and the digits.
const ROWS: &[&str] = &[
    "1234567890",
    "01234567890",
    "`1234567890-=",
    "~!@#$%^&*()_+",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiopü",
    "asdfghjklöä",
    "yxcvbnm,.-",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "aoeuidhtns",
    "qjkxbmwvz",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
    "8ik,",
    "9ol.",
    "dvorak",
    "colemak",
];

/// The neighbours that are seen as a row. Ordinary words have three.
const RUN: usize = 4;
const SHORT_RUN: usize = 3;
/// What a password must have beside rows.
const LEFT_WITHOUT_ROWS: usize = 6;
const LEFT_WITHOUT_SHORT_ROWS: usize = 3;

/// Whether letters and digits are those of a famous example.
pub(super) fn is_example(letters: &str) -> bool {
    EXAMPLES.iter().any(|example| {
        let rest = letters.strip_prefix(example);
        rest.is_some_and(|rest| rest.chars().count() <= AFTER_EXAMPLE)
    })
}

/// Whether letters and digits are words of a series, two and more, with little beside them.
pub(super) fn is_series(letters: &str) -> bool {
    let mut rest = letters;
    let (mut words, mut left) = (0, 0);
    while let Some(first) = rest.chars().next() {
        let longest = SERIES
            .iter()
            .filter_map(|word| Some((word.len(), rest.strip_prefix(word)?)))
            .max_by_key(|(length, _)| *length);
        match longest {
            Some((_, after)) => {
                words += 1;
                rest = after;
            }
            None => {
                left += 1;
                rest = rest.strip_prefix(first).unwrap_or_default();
            }
        }
    }
    words > 1 && left < LEFT_WITHOUT_SERIES
}

/// The password with each run of one repeated character as that character.
pub(super) fn without_runs(password: &str) -> String {
    let all: Vec<char> = password.chars().collect();
    let runs = all.chunk_by(|a, b| a == b);
    runs.flat_map(|run| match run.len() >= HELD_DOWN {
        true => run.iter().take(1),
        false => run.iter().take(HELD_DOWN),
    })
    .collect()
}

/// Whether hardly anything is left of a password when rows of the keyboard are taken out.
pub(super) fn is_keyboard(password: &str) -> bool {
    let keys: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    let left = |run: usize| {
        let rest = without_rows(&keys, run);
        let counted = rest.iter().filter(|c| c.is_alphanumeric()).count();
        (rest.len() < keys.len()).then_some(counted)
    };
    left(RUN).is_some_and(|left| left < LEFT_WITHOUT_ROWS)
        || left(SHORT_RUN).is_some_and(|left| left < LEFT_WITHOUT_SHORT_ROWS)
}

fn without_rows(keys: &[char], run: usize) -> Vec<char> {
    let mut rest = Vec::new();
    let mut from = 0;
    while let Some(after @ [first, ..]) = keys.get(from..) {
        let length = ROWS.iter().map(|row| length_in(after, row)).max();
        match length {
            Some(length) if length >= run => from += length,
            _ => {
                rest.push(*first);
                from += 1;
            }
        }
    }
    rest
}

/// How many keys from the first on are neighbours in a row, in one direction.
fn length_in(keys: &[char], row: &str) -> usize {
    let along = |row: Vec<char>| {
        let starts = 0..row.len();
        let lengths = starts.map(|start| {
            let pairs = row.iter().skip(start).zip(keys);
            pairs.take_while(|(in_row, key)| in_row == key).count()
        });
        lengths.max().unwrap_or(0)
    };
    along(row.chars().collect()).max(along(row.chars().rev().collect()))
}

/// The password in lower case without words that it has already, or the part that it repeats.
pub(super) fn without_repeats(password: &str) -> String {
    let lower = password.to_lowercase();
    let mut seen = HashSet::new();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    if words.any(|word| word.chars().count() > 1 && !seen.insert(stem(word))) {
        let mut seen = HashSet::new();
        let words = lower.split(|c: char| !c.is_alphanumeric());
        let once: Vec<&str> = words.filter(|word| seen.insert(stem(word))).collect();
        return once.join(" ").trim().to_owned();
    }
    period(&compact(&lower)).unwrap_or(lower)
}

/// A word without the number behind it.
fn stem(word: &str) -> &str {
    match word.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "" => word,
        stem => stem,
    }
}

/// The part that a text begins with two times and more, and what follows the repetitions.
fn period(text: &str) -> Option<String> {
    let text: Vec<char> = text.chars().collect();
    let (part, repeated) = (1..=text.len() / 2).find_map(|length| {
        let part = text.get(..length)?;
        let times = text
            .chunks(length)
            .take_while(|chunk| *chunk == part)
            .count();
        // Most of the text: other texts begin with a doubled letter too.
        let repeated = times * length;
        (times > 1 && repeated * 3 >= text.len() * 2).then_some((part, repeated))
    })?;
    let rest = text.get(repeated..).unwrap_or_default();
    Some(part.iter().chain(rest).collect())
}

/// The letters and digits, in lower case.
pub(super) fn compact(password: &str) -> String {
    let letters = password.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n2_repeats_are_taken_out() {
        for (password, expected) in [
            ("Password password", "password"),
            ("dragon monkey dragon", "dragon monkey"),
            ("abcabcabc1", "abc1"),
            ("x9Qax9Qa", "x9qa"),
            ("a-b-a-b-a-b-a-b", "ab"),
            ("oo-wonderland", "oo-wonderland"),
            ("", ""),
        ] {
            assert_eq!(without_repeats(password), expected, "{password}");
        }
    }

    #[test]
    fn n2_rows_are_found_in_both_directions_and_words_are_none() {
        for row in [
            "qwertyuiop",
            "poiuytrewq",
            "1qaz2wsx",
            "QWERTZUIOPÜ",
            "qweasdzxc",
            "0987654321",
        ] {
            assert!(is_keyboard(row), "{row}");
        }
        for words in [
            "power-tree-9-lanterns",
            "wonderland-7-doors",
            "property of the west",
            "kW8#vPz2qL",
            "",
        ] {
            assert!(!is_keyboard(words), "{words}");
        }
    }
}
