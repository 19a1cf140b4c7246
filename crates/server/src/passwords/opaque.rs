//! Passwords as texts: the profile OpaqueString (RFC 8265 §4.2).

use icu_normalizer::ComposingNormalizerBorrowed;

/// The password as it is hashed: each space is U+0020, and the text is in NFC. The same password typed on two systems is the same
/// bytes then. Neither width nor case is mapped.
///
/// What the profile refuses is refused when a password is set, see [`has_control`]. Code points that are unassigned in Unicode 6.3,
/// to which the registry of RFC 8264 refers, are accepted: new emoji are in use.
pub(super) fn prepared(password: &str) -> String {
    if password.is_ascii() {
        return password.to_owned();
    }
    // RFC 8265 §4.2.2 2: any space of Unicode is mapped to the ASCII space.
    let spaced: String = password.chars().map(ascii_space).collect();
    // RFC 8265 §4.2.2 4: NFC.
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(&spaced)
        .into_owned()
}

/// RFC 8264 §9.12: a password holds no control character.
pub(super) fn has_control(password: &str) -> bool {
    password.chars().any(char::is_control)
}

/// The code points of the category Zs.
fn ascii_space(c: char) -> char {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            ' '
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 8265 §4.3, and composed letters.
    #[test]
    fn passwords_are_compared_as_opaque_strings() {
        for (typed, expected) in [
            (
                "correct horse battery staple",
                "correct horse battery staple",
            ),
            (
                "Correct Horse Battery Staple",
                "Correct Horse Battery Staple",
            ),
            ("\u{3c0}\u{df}\u{e5}", "\u{3c0}\u{df}\u{e5}"),
            ("Jack of \u{2666}s", "Jack of \u{2666}s"),
            ("foo\u{1680}bar", "foo bar"),
            ("e\u{301}te\u{301}", "\u{e9}t\u{e9}"),
            ("\u{212b}ngstro\u{308}m", "\u{c5}ngstr\u{f6}m"),
            ("\u{ff21}\u{ff22}", "\u{ff21}\u{ff22}"),
            ("\u{1f98a}\u{fe0f}", "\u{1f98a}\u{fe0f}"),
        ] {
            assert_eq!(prepared(typed), expected);
            assert_eq!(prepared(expected), expected);
        }
        assert!(has_control("my cat is a \tby"));
        assert!(!has_control("my cat is a\u{a0}by \u{1f98a}"));
    }
}
