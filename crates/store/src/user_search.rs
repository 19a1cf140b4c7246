//! What an operator searches users by.

use thiserror::Error;

/// The longest text to search for.
const MAX_CHARS: usize = 128;
/// The most words in it.
const MAX_WORDS: usize = 8;

/// The words of a search: each must begin a word of the user name, the e-mail address or the name of a user. Case and
/// accents don't matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSearch(Vec<String>);

/// A text that no search can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidUserSearch {
    /// No letter and no digit in it.
    #[error("has no letter and no digit")]
    Empty,
    /// Too long.
    #[error("is longer than {MAX_CHARS} characters, or has more than {MAX_WORDS} words")]
    TooLong,
}

impl UserSearch {
    /// Reads the words of a text.
    ///
    /// # Errors
    ///
    /// Without a word, or over the bounds.
    pub fn parse(text: &str) -> Result<Self, InvalidUserSearch> {
        if text.chars().count() > MAX_CHARS {
            return Err(InvalidUserSearch::TooLong);
        }
        let words = text.split(|c: char| c.is_whitespace() || c.is_control());
        let words: Vec<String> = words
            .filter(|word| word.chars().any(char::is_alphanumeric))
            .map(str::to_owned)
            .collect();
        match words.len() {
            0 => Err(InvalidUserSearch::Empty),
            1..=MAX_WORDS => Ok(Self(words)),
            _ => Err(InvalidUserSearch::TooLong),
        }
    }

    /// The words, at least one.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_has_one_to_eight_words() {
        let words = |text: &str| UserSearch::parse(text).map(|search| search.0);
        assert_eq!(
            words("  alice\tA  @ "),
            Ok(vec!["alice".into(), "A".into()])
        );
        assert_eq!(words("a@example.com"), Ok(vec!["a@example.com".into()]));
        assert_eq!(words("a\0b"), Ok(vec!["a".into(), "b".into()]));
        assert_eq!(words("é"), Ok(vec!["é".into()]));
        for empty in ["", " ", "@@ ** \"", "\u{7f}"] {
            assert_eq!(words(empty), Err(InvalidUserSearch::Empty), "{empty:?}");
        }
        assert!(words(&"é".repeat(128)).is_ok());
        assert_eq!(words(&"a".repeat(129)), Err(InvalidUserSearch::TooLong));
        assert!(words("1 2 3 4 5 6 7 8").is_ok());
        assert_eq!(words("1 2 3 4 5 6 7 8 9"), Err(InvalidUserSearch::TooLong));
    }
}
