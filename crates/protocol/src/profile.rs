//! What users may change of their own profile.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    claims::check_user_claim_bounds,
    language::Lang,
    model::{User, is_invisible},
};

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 100;

/// A name of OpenID Connect Core §5.1 that users choose themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameClaim {
    /// As it is shown.
    Name,
    /// The first name.
    GivenName,
    /// The last name.
    FamilyName,
}

impl NameClaim {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Name, Self::GivenName, Self::FamilyName];

    /// The claim, and the field of the form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
        }
    }
}

/// Why a profile is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileProblem {
    /// The name is too long, or has a character that is not seen.
    Name(NameClaim),
    /// The claims would be too many or too long.
    Claims,
}

/// What a user wants to be shown as, and to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChange {
    names: [Option<String>; 3],
    locale: Option<Lang>,
}

impl ProfileChange {
    /// Checks the names, in the order of [`NameClaim::ALL`]. An empty one removes the claim.
    ///
    /// # Errors
    /// Names the first that can't be taken.
    pub fn parse(names: [&str; 3], locale: Option<Lang>) -> Result<Self, ProfileProblem> {
        let mut checked = [None, None, None];
        for ((claim, text), name) in NameClaim::ALL.iter().zip(names).zip(&mut checked) {
            let text = text.trim();
            if text.chars().count() > MAX_NAME_CHARS || text.chars().any(is_invisible) {
                return Err(ProfileProblem::Name(*claim));
            }
            *name = (!text.is_empty()).then(|| text.to_owned());
        }
        Ok(Self {
            names: checked,
            locale,
        })
    }

    /// The language that the user chose.
    #[must_use]
    pub fn locale(&self) -> Option<Lang> {
        self.locale
    }

    /// The claims of the user after it. The claim `locale` follows the language: one of the same language keeps its region.
    ///
    /// # Errors
    /// When they are too many or too long together.
    pub fn claims(&self, before: &User) -> Result<BTreeMap<String, Value>, ProfileProblem> {
        let mut claims = before.claims.clone();
        for (claim, name) in NameClaim::ALL.iter().zip(&self.names) {
            set(&mut claims, claim.as_str(), name.clone());
        }
        if self.locale != claimed_language(before) {
            let tag = self.locale.map(|lang| lang.as_str().to_owned());
            set(&mut claims, "locale", tag);
        }
        check_user_claim_bounds(&claims).map_err(|_| ProfileProblem::Claims)?;
        Ok(claims)
    }
}

/// The language that a user reads wherever the user is signed in: the chosen one, else that of the claim `locale`.
#[must_use]
pub fn language(user: &User) -> Option<Lang> {
    user.account.locale.or_else(|| claimed_language(user))
}

fn claimed_language(user: &User) -> Option<Lang> {
    let locale = user.claims.get("locale").and_then(Value::as_str)?;
    // OpenID Connect Core §5.1: some write `en_US`.
    Lang::lookup(locale.split('_').next()?)
}

/// A claim that is no text is not this form's: it is not removed by a field that is empty because of it.
fn set(claims: &mut BTreeMap<String, Value>, claim: &str, text: Option<String>) {
    match text {
        Some(text) => {
            claims.insert(claim.to_owned(), Value::String(text));
        }
        None if claims.get(claim).is_some_and(Value::is_string) => {
            claims.remove(claim);
        }
        None => {}
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples;

    fn user(claims: Value) -> User {
        let Value::Object(claims) = claims else {
            return samples::user();
        };
        User {
            claims: claims.into_iter().collect(),
            ..samples::user()
        }
    }

    fn claims(names: [&str; 3], locale: Option<Lang>, before: &User) -> Value {
        let change = ProfileChange::parse(names, locale).unwrap();
        json!(change.claims(before).unwrap())
    }

    #[test]
    fn names_are_set_and_removed_and_other_claims_are_kept() {
        let before =
            user(json!({"name": "Old", "given_name": "O", "nickname": "o", "family_name": 7}));
        let after = claims(["  Ålice Ö. ", "", ""], None, &before);
        assert_eq!(
            after,
            json!({"name": "Ålice Ö.", "nickname": "o", "family_name": 7})
        );
    }

    #[test]
    fn long_names_and_characters_that_are_not_seen_are_refused() {
        let long = "ü".repeat(101);
        for bad in ["a\r\nb", "a\0", "a\u{202e}b", "\u{200b}", long.as_str()] {
            let refused = ProfileChange::parse(["Alice", bad, ""], None);
            assert_eq!(
                refused,
                Err(ProfileProblem::Name(NameClaim::GivenName)),
                "{bad:?}"
            );
        }
        let most = "ü".repeat(100);
        assert!(ProfileChange::parse([&most, "", ""], None).is_ok());
    }

    #[test]
    fn the_claim_locale_follows_the_language() {
        for (before, chosen, after) in [
            (
                json!({"locale": "de-AT"}),
                Some(Lang::De),
                json!({"locale": "de-AT"}),
            ),
            (
                json!({"locale": "en_US"}),
                Some(Lang::De),
                json!({"locale": "de"}),
            ),
            (json!({"locale": "de"}), None, json!({})),
            (json!({}), Some(Lang::Fr), json!({"locale": "fr"})),
            // A language without texts.
            (json!({"locale": "it"}), None, json!({"locale": "it"})),
        ] {
            assert_eq!(
                claims(["", "", ""], chosen, &user(before.clone())),
                after,
                "{before}"
            );
        }
    }

    #[test]
    fn the_chosen_language_comes_before_the_claim() {
        let mut user = user(json!({"locale": "de"}));
        assert_eq!(language(&user), Some(Lang::De));
        user.account.locale = Some(Lang::Es);
        assert_eq!(language(&user), Some(Lang::Es));
    }

    #[test]
    fn claims_stay_bounded() {
        let change = ProfileChange::parse(["Alice", "", ""], None).unwrap();
        let many: serde_json::Map<_, _> = (0..200).map(|n| (format!("c{n}"), json!(1))).collect();
        assert_eq!(
            change.claims(&user(Value::Object(many))),
            Err(ProfileProblem::Claims)
        );
    }
}
