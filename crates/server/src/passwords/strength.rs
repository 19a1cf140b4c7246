//! Whether a password is easy to guess: a list of the most common ones, and an estimate by zxcvbn.

use zxcvbn::{Score, zxcvbn};

use super::error::PasswordError;

/// Those of the 100,000 most common passwords that have 8 and more characters, in lower case, sorted (SecLists, MIT).
const COMMON: &str = include_str!("common.txt");

/// NIST SP 800-63B §5.1.1.2 asks for a blocklist and no rules of composition. "Safely unguessable" of zxcvbn is what it takes
/// to withstand an offline attack on argon2id for a while.
const ENOUGH: Score = Score::Three;

/// What a password must have beside the names of its user.
const LEFT_WITHOUT_NAMES: usize = 6;

/// The estimate of a long text takes long: what stands behind these characters doesn't make it weaker.
const ESTIMATED_CHARACTERS: usize = 64;

/// Whether a password is hard to guess for somebody who knows these words: the user's names, the provider's.
pub(crate) fn judge(password: &str, about: &[&str]) -> Result<(), PasswordError> {
    if is_common(password) {
        return Err(PasswordError::Common);
    }
    let words: Vec<&str> = about
        .iter()
        .flat_map(|text| parts(text).chain([*text]))
        .collect();
    if is_own_names(password, &words) {
        return Err(PasswordError::OwnNames);
    }
    let start: String = password.chars().take(ESTIMATED_CHARACTERS).collect();
    let estimate = zxcvbn(&start, &words);
    if estimate.score() >= ENOUGH {
        return Ok(());
    }
    let advice = estimate.feedback().map_or_else(String::new, |feedback| {
        let warning = feedback.warning().map(|w| w.to_string());
        let suggestions = feedback.suggestions().iter().map(ToString::to_string);
        warning
            .into_iter()
            .chain(suggestions)
            .collect::<Vec<_>>()
            .join(" ")
    });
    let reason = if advice.is_empty() {
        "Add a few uncommon words.".to_owned()
    } else {
        advice
    };
    Err(PasswordError::Guessable { reason })
}

/// Whether hardly anything is left of a password when the names in it are taken out.
fn is_own_names(password: &str, words: &[&str]) -> bool {
    let whole = password.to_lowercase();
    let mut rest = whole.clone();
    let mut words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in words.iter().filter(|word| word.chars().count() >= 3) {
        rest = rest.replace(word.as_str(), "");
    }
    rest != whole && rest.chars().filter(|c| c.is_alphanumeric()).count() < LEFT_WITHOUT_NAMES
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
mod tests {
    use super::*;

    #[test]
    fn n2_every_password_of_the_list_is_found_and_no_other() {
        assert!(COMMON.is_ascii() && COMMON.ends_with('\n'));
        assert!(COMMON.lines().is_sorted());
        for line in COMMON.lines() {
            assert!(is_common(line), "{line}");
        }
        for other in [
            "",
            "a",
            "zzzzzzzzzzzzzzz",
            "wonderland-7-doors",
            "!",
            "~~~~~~~~",
        ] {
            assert!(!is_common(other), "{other}");
        }
    }

    #[test]
    fn n2_common_passwords_are_refused_in_any_case() {
        for password in [
            "password",
            "PassWord",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "sunshine",
        ] {
            assert_eq!(
                judge(password, &[]),
                Err(PasswordError::Common),
                "{password}"
            );
        }
    }

    #[test]
    fn n2_what_is_easy_to_guess_is_refused_with_a_reason() {
        for password in [
            "aaaaaaaaaaa",
            "abcabcabcabc",
            "Password1!",
            "qwerty123456",
            "20241231",
            "asdfghjkl;'",
            "Summer2024!",
            "1q2w3e4r5t6y",
        ] {
            let error = judge(password, &[]).unwrap_err();
            let text = error.to_string();
            assert!(
                text.len() > 20 && !text.contains(password),
                "{password}: {text}"
            );
        }
    }

    #[test]
    fn n2_the_names_of_the_user_and_the_provider_are_no_passwords() {
        let about = [
            "alice.liddell",
            "alice.liddell@orders.example.com",
            "Alice Liddell",
            "Cardea",
        ];
        for password in [
            "aliceliddell",
            "alice.liddell",
            "Liddell2024",
            "aliceliddell1",
            "alice@orders",
            "cardea2024!",
        ] {
            assert!(judge(password, &about).is_err(), "{password}");
        }
        assert_eq!(judge("three-rusty-hinges-of-oak", &about), Ok(()));
    }

    #[test]
    fn n2_good_passwords_are_taken() {
        for password in [
            "wonderland-7-doors",
            "hinge-of-the-door-9",
            "correct horse battery staple",
            "kW8#vPz2qL",
            &"x9!Qa".repeat(25),
        ] {
            assert_eq!(judge(password, &["alice"]), Ok(()), "{password}");
        }
    }
}
