//! Whether a password is easy to guess: a list of the most common ones, and an estimate by zxcvbn.

use zxcvbn::{
    Score,
    feedback::{Feedback, Warning},
    zxcvbn,
};

use super::{
    error::{PasswordError, Weakness},
    obvious::{self, compact},
};

/// Those of the 100,000 most common passwords that have 8 and more characters, in lower case, sorted (SecLists, MIT).
const COMMON: &str = include_str!("common.txt");

/// NIST SP 800-63B §5.1.1.2 asks for a blocklist and no rules of composition. "Safely unguessable" of zxcvbn is what it takes
/// to withstand an offline attack on argon2id for a while.
const ENOUGH: Score = Score::Three;

/// What a password must have beside the names of its user.
const LEFT_WITHOUT_NAMES: usize = 6;

/// The estimate of a long text takes long: what stands behind these characters doesn't make it weaker.
const ESTIMATED_CHARACTERS: usize = 64;

/// The guesses that the words of a password must need, as a power of ten.
const GUESSES_LOG10: f64 = 7.0;

/// The symbols of which several can stand for one letter. zxcvbn looks for words under each combination of them, so that with
/// all of them an estimate takes seconds.
const LETTER_SYMBOLS: [char; 15] = [
    '4', '@', '(', '{', '[', '<', '6', '9', '1', '!', '|', '7', '$', '5', '+',
];

/// So many of them stay apart.
const MOST_SYMBOLS: usize = 6;

/// What stands between words.
const SEPARATORS: [char; 7] = [' ', '-', '_', '.', ',', '+', '/'];

/// Whether a password is hard to guess for an attacker who knows these words: the user's names, the provider's.
pub(crate) fn judge(password: &str, about: &[&str]) -> Result<(), PasswordError> {
    let letters = compact(password);
    if is_common(password) || is_common(&letters) {
        return Err(PasswordError::Common);
    }
    if obvious::is_example(&letters) {
        return Err(PasswordError::Example);
    }
    let words: Vec<&str> = about
        .iter()
        .flat_map(|text| parts(text).chain([*text]))
        .collect();
    if is_own_names(password, &words) {
        return Err(PasswordError::OwnNames);
    }
    if obvious::is_keyboard(password) {
        return Err(PasswordError::Keyboard);
    }
    if obvious::is_series(&letters) {
        return Err(PasswordError::Example);
    }
    // A key that is held down is as good as the key.
    let short = obvious::without_runs(password);
    if short != password && !is_enough(&short, &words) {
        return Err(PasswordError::Repeated);
    }
    // A word that is repeated is as good as the word.
    let once = obvious::without_repeats(password);
    if once != password.to_lowercase() && (is_common(&once) || !is_hard(&once, &words)) {
        return Err(PasswordError::Repeated);
    }
    let estimate = zxcvbn(&start_of(password), &words);
    if estimate.score() >= ENOUGH && words_log10(password, &words) >= GUESSES_LOG10 {
        return Ok(());
    }
    Err(guessable(estimate.feedback()))
}

/// The refusal with what zxcvbn says about the password.
fn guessable(feedback: Option<&Feedback>) -> PasswordError {
    let warning = feedback.and_then(Feedback::warning);
    let suggestions = feedback.map_or(&[][..], Feedback::suggestions);
    let sentences: Vec<String> = warning
        .iter()
        .map(ToString::to_string)
        .chain(suggestions.iter().map(ToString::to_string))
        .collect();
    let advice = match sentences.is_empty() {
        true => "Add a few uncommon words.".to_owned(),
        false => sentences.join(" "),
    };
    let weakness = warning.map_or(Weakness::Short, weakness);
    PasswordError::Guessable { weakness, advice }
}

fn weakness(warning: Warning) -> Weakness {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess
        | Warning::ShortKeyboardPatternsAreEasyToGuess
        | Warning::SequencesLikeAbcAreEasyToGuess => Weakness::Row,
        Warning::RepeatsLikeAaaAreEasyToGuess
        | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => Weakness::Repeats,
        Warning::ThisIsATop10Password
        | Warning::ThisIsATop100Password
        | Warning::ThisIsACommonPassword
        | Warning::ThisIsSimilarToACommonlyUsedPassword => Weakness::LikeCommon,
        Warning::AWordByItselfIsEasyToGuess => Weakness::Word,
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
        | Warning::CommonNamesAndSurnamesAreEasyToGuess => Weakness::Names,
        Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess => Weakness::Date,
    }
}

/// Whether what is left of a password would do.
fn is_enough(left: &str, words: &[&str]) -> bool {
    let letters = compact(left);
    let is_short = letters.chars().count() < LEFT_WITHOUT_NAMES;
    !(is_short || is_common(&letters) || obvious::is_keyboard(left)) && is_hard(left, words)
}

fn is_hard(password: &str, words: &[&str]) -> bool {
    let estimate = zxcvbn(&start_of(password), words);
    estimate.score() >= ENOUGH && words_log10(password, words) >= GUESSES_LOG10
}

/// The guesses for all words in any order, each by itself, as a power of ten. The score of the whole adds 10,000 guesses for each
/// part, so that any three words are enough for it, however common.
fn words_log10(password: &str, about: &[&str]) -> f64 {
    let start = start_of(password);
    let words = parts(&start).zip(1_u32..);
    let of_words = words.map(|(word, position)| {
        zxcvbn(word, about).guesses_log10().max(0.0) + f64::from(position).log10()
    });
    // A symbol that does not separate words is as good as a digit.
    let symbols = start
        .chars()
        .filter(|c| !c.is_alphanumeric() && !SEPARATORS.contains(c));
    of_words.sum::<f64>() + symbols.map(|_| 1.0).sum::<f64>()
}

/// What zxcvbn estimates: a start of bounded length, with few symbols that can stand for letters.
fn start_of(password: &str) -> String {
    let start: String = password.chars().take(ESTIMATED_CHARACTERS).collect();
    let is_used = |symbol: &&char| start.contains(**symbol);
    match LETTER_SYMBOLS.iter().filter(is_used).count() > MOST_SYMBOLS {
        true => start.chars().map(same_symbol).collect(),
        false => start,
    }
}

/// One symbol for all that can stand for the same letter.
fn same_symbol(c: char) -> char {
    match c {
        '@' => '4',
        '{' | '[' | '<' => '(',
        '9' => '6',
        '!' | '|' => '1',
        '$' => '5',
        '+' => '7',
        other => other,
    }
}

/// Whether hardly anything is left of a password when the names in it are taken out.
fn is_own_names(password: &str, words: &[&str]) -> bool {
    let whole = password.to_lowercase();
    let mut rest = whole.clone();
    let mut words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let reversed: Vec<String> = words
        .iter()
        .map(|word| word.chars().rev().collect())
        .collect();
    words.extend(reversed);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in words.iter().filter(|word| word.chars().count() >= 3) {
        rest = rest.replace(word.as_str(), "");
    }
    let left = compact(&rest);
    let hardly_any = left.chars().count() < LEFT_WITHOUT_NAMES || is_common(&left);
    rest != whole && (hardly_any || obvious::is_keyboard(&left))
}

/// "alice.liddell@example.com" is known by "alice", "liddell", "example" and "com" too.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
}

/// Binary search in the text itself: no copy of it is kept.
fn is_common(password: &str) -> bool {
    let wanted = password.to_lowercase();
    let (mut from, mut to) = (0, COMMON.len());
    while from < to {
        let middle = from.midpoint(to);
        let start = line_start(middle);
        let line = COMMON.get(start..).and_then(|rest| rest.lines().next());
        let Some(line) = line else { return false };
        match line.cmp(&wanted) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => from = start + line.len() + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}

fn line_start(position: usize) -> usize {
    let before = COMMON.as_bytes().get(..position).unwrap_or_default();
    before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline + 1)
}

#[cfg(test)]
#[path = "strength_tests.rs"]
mod tests;
