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
    "youshallnotpass",
    "hellohowareyou",
    "iloveyouforever",
    "twinkletwinklelittlestar",
    "rosesarered",
    "rosesareredvioletsareblue",
    "maryhadalittlelamb",
    "humptydumptysatonawall",
];

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
    if words.any(|word| word.chars().count() > 1 && !seen.insert(word)) {
        let mut seen = HashSet::new();
        let words = lower.split(|c: char| !c.is_alphanumeric());
        let once: Vec<&str> = words.filter(|word| seen.insert(*word)).collect();
        return once.join(" ").trim().to_owned();
    }
    period(&compact(&lower)).unwrap_or(lower)
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
