//! User names: how they are compared, and which are taken for new users (RFC 8265 §3, UTS 39).

use precis_core::profile::PrecisFastInvocation;
use precis_profiles::UsernameCaseMapped;
use unicode_security::{MixedScript, skeleton};

use super::{IdError, Username};

impl Username {
    /// Parses the name of a new user. A user who was added before, or a typed name, is parsed without this check.
    pub fn parse_new(text: &str) -> Result<Self, IdError> {
        let name = Self::parse(text)?;
        let fail = |reason| {
            Err(IdError {
                kind: "username",
                reason,
            })
        };
        if name.key().is_empty() {
            return fail("it is empty");
        }
        if text.chars().any(is_invisible) {
            return fail(
                "it has an invisible character, or one that changes the direction of text",
            );
        }
        // RFC 8265 §3.5: user parts, divided by ASCII spaces.
        if case_mapped(text.trim()).is_none() {
            return fail(
                "it has a character that a user name can't have, or mixes writing directions; use letters, digits and the symbols of ASCII",
            );
        }
        let mut words = text.split(|c: char| c == ' ' || c.is_ascii_punctuation());
        if !words.all(has_one_script) {
            return fail("a word of it mixes scripts, so that it can look like another name");
        }
        Ok(name)
    }

    /// The form under which the name is unique and looked up: that of UsernameCaseMapped. A name from before, which that profile
    /// refuses, keeps its [`Username::legacy_key`].
    #[must_use]
    pub fn key(&self) -> String {
        let legacy = self.legacy_key();
        match legacy.is_ascii() {
            true => legacy,
            false => case_mapped(self.as_str().trim()).unwrap_or(legacy),
        }
    }

    /// The key of versions before RFC 8265. A user has it whose [`Username::key`] was taken when the keys were computed again.
    #[must_use]
    pub fn legacy_key(&self) -> String {
        self.as_str().trim().to_lowercase()
    }

    /// What the name looks like (UTS 39 §4): two names that can be taken for each other have the same one.
    #[must_use]
    pub fn skeleton(&self) -> String {
        skeleton(&self.key()).collect()
    }
}

/// The user parts in the form of UsernameCaseMapped: widths, case, NFC, direction, characters (RFC 8265 §3.3.2). `None` where the
/// profile refuses one.
fn case_mapped(text: &str) -> Option<String> {
    // The ideographic space is the ASCII space by the mapping of widths; a part has no space.
    let text = text.replace('\u{3000}', " ");
    let parts = text.split(' ').map(|part| match part {
        "" => Some(String::new()),
        part => {
            let enforced = UsernameCaseMapped::enforce(part).ok()?;
            Some(enforced.into_owned())
        }
    });
    Some(parts.collect::<Option<Vec<String>>>()?.join(" "))
}

/// UTS 39 §5.2, "highly restrictive": one script, or Latin together with those of Chinese, Japanese or Korean.
fn has_one_script(word: &str) -> bool {
    if word.is_ascii() || word.is_single_script() {
        return true;
    }
    let others: String = word.chars().filter(|c| !is_latin(*c)).collect();
    let scripts = others.as_str().resolve_script_set();
    scripts.hanb || scripts.jpan || scripts.kore
}

/// Whether a character belongs to the Latin script and no other.
fn is_latin(c: char) -> bool {
    let with = |other: char| [c, other].iter().collect::<String>();
    c.is_alphabetic()
        && with('a').as_str().is_single_script()
        && !with('\u{434}').as_str().is_single_script()
}

/// Control and format characters (Unicode category Cf), separators and fillers that are not seen, or that change the order in
/// which a line is read: with one of them two names look the same.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> String {
        Username::parse(text).unwrap().key()
    }

    #[test]
    fn t7_the_name_of_a_new_user_has_no_invisible_characters() {
        for good in [
            "alice",
            "Ålice Østergård",
            "O'Brien",
            "عمر",
            "דנה",
            "山田 太郎",
            "山田taro",
            "한글abc",
            "e\u{301}mile",
            "a@b.example",
            "анна@b.example",
            "Анна Smith",
            "анна2",
            "straße",
            "ΑΝΝΑ",
            "domain\\user",
            "a+b~{}|",
        ] {
            assert_eq!(Username::parse_new(good).unwrap().as_str(), good);
        }
        for bad in [
            "ev\u{202e}il",
            "\u{202a}alice",
            "alice\u{2066}",
            "ali\u{200b}ce",
            "ali\u{200c}ce",
            "ali\u{200d}ce",
            "alice\u{200e}",
            "alice\u{200f}",
            "\u{feff}alice",
            "al\u{2060}ice",
            "al\u{ad}ice",
            "al\u{61c}ice",
            "al\u{34f}ice",
            "alice\u{fe0f}",
            "alice\u{e0041}",
            "a\u{2028}b",
            "\u{3164}",
            "\u{2800}",
            "al\u{180e}ice",
            "a\0",
            "a\u{85}b",
            "",
            " ",
            "\u{3000}",
        ] {
            let refused = Username::parse_new(bad).unwrap_err().to_string();
            assert!(!refused.contains('\u{202e}'), "{refused}");
        }
        // A name that was taken before is still found.
        assert!(Username::parse("ev\u{202e}il").is_ok());
    }

    /// RFC 8265 §3.6 and what IdentifierClass leaves out.
    #[test]
    fn names_that_the_profile_refuses_are_no_new_names() {
        for bad in [
            "henry\u{2163}",
            "\u{265a}",
            "🦊",
            "a\u{a0}b",
            "a\u{2003}b",
            "\u{fb01}nn",
            "x\u{b2}",
            // Letters from the right to the left that begin with a digit or end from the left to the right.
            "1דנה",
            "דנהa",
        ] {
            assert!(Username::parse_new(bad).is_err(), "{bad:?}");
            assert!(Username::parse(bad).is_ok(), "one that was added before");
        }
    }

    #[test]
    fn names_are_compared_case_mapped() {
        for (one, other) in [
            ("Alice", " alice "),
            ("ALICE", "alice"),
            ("Juliet@Example.com", "juliet@example.com"),
            ("\u{c5}LICE", "A\u{30a}lice"),
            ("\u{212b}lice", "\u{e5}lice"),
            ("\u{ff41}\u{ff4c}ice", "alice"),
            ("\u{30a2}", "\u{ff71}"),
            ("山田\u{3000}太郎", "山田 太郎"),
            ("\u{3a3}", "\u{3c3}"),
        ] {
            assert_eq!(key(one), key(other));
        }
        for (one, other) in [
            ("alice", "a lice"),
            ("stra\u{df}e", "strasse"),
            ("\u{3c2}", "\u{3c3}"),
            ("🦊", "🦊 "),
        ] {
            assert_eq!(key(one) == key(other), one.starts_with('🦊'));
        }
    }

    #[test]
    fn names_of_mixed_scripts_and_look_alikes_are_noticed() {
        for mixed in ["p\u{430}ypal", "\u{430}dmin", "\u{3b1}lice", "alice\u{5d0}"] {
            assert!(Username::parse_new(mixed).is_err(), "{mixed}");
        }
        let looks = |text: &str| Username::parse(text).unwrap().skeleton();
        for (one, other) in [
            ("p\u{430}ypal", "paypal"),
            ("\u{441}\u{43e}\u{441}\u{430}", "coca"),
            ("\u{d8}RSTED", "\u{f8}rsted"),
        ] {
            assert_eq!(looks(one), looks(other));
        }
        for (one, other) in [("alice", "alicia"), ("m\u{fc}ller", "muller")] {
            assert_ne!(looks(one), looks(other));
        }
    }

    proptest! {
        #[test]
        fn a_key_is_the_key_of_itself(text in "\\PC{1,24}") {
            if let Ok(name) = Username::parse(&text) {
                let once = name.key();
                if let Ok(again) = Username::parse(&once) {
                    prop_assert_eq!(again.key(), once);
                }
            }
        }

        #[test]
        fn a_new_name_has_a_key_and_a_skeleton(text in "\\PC{1,24}") {
            if let Ok(name) = Username::parse_new(&text) {
                prop_assert!(!name.key().is_empty());
                prop_assert!(!name.skeleton().is_empty());
                prop_assert_eq!(Username::parse(&name.key()).map(|name| name.skeleton()), Ok(name.skeleton()));
            }
        }
    }
}
